#pragma once
#include <stddef.h>

/// Demangles a C++ name with the C++ runtime's own demangler.
///
/// The result is cut at `capacity` bytes: a few hundred bytes of a forged name may stand for gigabytes of text.
///
/// @return the bytes written to `text`, without a NUL; 0 when the name is no mangled C++ name.
size_t llcuda_demangle(const char *name, char *text, size_t capacity);
