// The slices in the folder `cuda` beside the selector, and those that were unpacked from packed kernels.
//
// Packed kernels are described by `NAME.kernels` in that folder, in the form of a slice's index with a line `id` more.
// The Python package unpacks them (llcuda/unpack.py) into a folder named after the id, in `cuda` or in the user's cache.
#ifndef LLCUDA_CATALOG_H
#define LLCUDA_CATALOG_H

#include "slice.h"

enum {
    MAX_SLICES = 128,
    MAX_PATH = 4096,
    MAX_PACKED = 16,
    MAX_FOLDERS = 1 + 2 * MAX_PACKED,
    ID_LENGTH = 32,
};

struct catalog {
    char folder[MAX_PATH];  // absolute path of `cuda`, empty when it could not be found out
    char folders[MAX_FOLDERS][MAX_PATH];  // every folder with slices, `folder` first
    int folder_count;
    int count;
    int broken;             // indexes and libraries that were passed over, each after a message
    struct slice slices[MAX_SLICES];  // sorted by name
    int packed_count;
    struct slice packed[MAX_PACKED];  // what packed kernels are when all of them are unpacked
};

// Finds the folder from the address of something in this library, and reads every index there.
void catalog_read(struct catalog *catalog, const void *address_in_library);

// The architectures of a slice for people: `7.5, 8.6 as PTX`.
void slice_describe(const struct slice *slice, char *text, size_t size);

#endif
