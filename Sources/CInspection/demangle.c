#include "CInspection.h"

#include <setjmp.h>
#include <string.h>

// In libsupc++, the part of the C++ runtime that libstdc++.so leaves this function out of: __cxa_demangle with a callback
// for each piece of text instead of a block from malloc.
extern int __gcclibcxx_demangle_callback(const char *, void (*)(const char *, size_t, void *), void *);

struct output {
  char *text;
  size_t count, capacity;
  jmp_buf full;
};

static void append(const char *piece, size_t count, void *opaque) {
  struct output *output = opaque;
  size_t room = output->capacity - output->count;
  size_t taken = count < room ? count : room;
  memcpy(output->text + output->count, piece, taken);
  output->count += taken;
  // The demangler keeps all it has on its stack, so nothing is lost by jumping out of it.
  if (taken < count) longjmp(output->full, 1);
}

size_t llcuda_demangle(const char *name, char *text, size_t capacity) {
  struct output output = {.text = text, .count = 0, .capacity = capacity};
  // Plain C names would be read as types: 'i' is "int".
  if (name[0] != '_' || name[1] != 'Z') return 0;
  if (setjmp(output.full)) return output.count;
  return __gcclibcxx_demangle_callback(name, append, &output) == 0 ? output.count : 0;
}
