// The slices in the folder `cuda` beside the selector.
#ifndef LLCUDA_CATALOG_H
#define LLCUDA_CATALOG_H

#include "slice.h"

enum {
    MAX_SLICES = 128,
    MAX_PATH = 4096,
};

struct catalog {
    char folder[MAX_PATH];  // absolute path of `cuda`, empty when it could not be found out
    int count;
    int broken;             // indexes that were passed over, each after a message
    struct slice slices[MAX_SLICES];  // sorted by name
};

// Finds the folder from the address of something in this library, and reads every index there.
void catalog_read(struct catalog *catalog, const void *address_in_library);

// The architectures of a slice for people: `7.5, 8.6 as PTX`.
void slice_describe(const struct slice *slice, char *text, size_t size);

#endif
