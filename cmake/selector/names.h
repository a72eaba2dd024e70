// PTX of packed files. Not used by the selector itself; see names.c.
#ifndef LLCUDA_NAMES_H
#define LLCUDA_NAMES_H

#include <stddef.h>

// Restores a text whose names were counted back. Returns its bytes, or -1 when the stored bytes are none, the text is
// larger than `capacity`, or memory is missing.
__attribute__((visibility("default")))
long long llcuda_restore_names(const unsigned char *stored, size_t count, unsigned char *text, size_t capacity);

#endif
