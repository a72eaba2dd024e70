#define _GNU_SOURCE
#include "CInspection.h"

#include <malloc.h>
#include <string.h>

ptrdiff_t llcuda_find(const void *bytes, size_t count, const void *wanted, size_t wanted_count) {
  const char *found = memmem(bytes, count, wanted, wanted_count);
  return found ? found - (const char *)bytes : -1;
}

void llcuda_return_large_blocks(void) {
  mallopt(M_MMAP_THRESHOLD, 8 << 20);
  // Set with the first, or memory goes back to the system and comes anew at every free of 128 KiB.
  mallopt(M_TRIM_THRESHOLD, 16 << 20);
}
