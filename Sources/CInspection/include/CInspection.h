#pragma once
#include <stddef.h>

/// Demangles a C++ name with the C++ runtime's own demangler.
///
/// The result is cut at `capacity` bytes: a few hundred bytes of a forged name may stand for gigabytes of text.
///
/// @return the bytes written to `text`, without a NUL; 0 when the name is no mangled C++ name.
size_t llcuda_demangle(const char *name, char *text, size_t capacity);

/// Finds bytes in others; memmem(3), which Swift doesn't see.
///
/// @return their place, or -1.
ptrdiff_t llcuda_find(const void *bytes, size_t count, const void *wanted, size_t wanted_count);

/// Makes the allocator give blocks of 8 MiB and more back to the system when they are freed.
///
/// glibc raises that bound to 32 MiB by itself when such blocks come and go, and keeps them. A lower one (1 MiB was tried)
/// costs more in the system, which clears every page, than all decompressing.
void llcuda_return_large_blocks(void);
