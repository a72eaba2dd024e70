// A slice: a CUDA backend library with some architectures, described by the text file `<slice>.index` beside it.
#ifndef LLCUDA_SLICE_H
#define LLCUDA_SLICE_H

#include <stdbool.h>
#include <stddef.h>

enum {
    MAX_ARCHS = 64,          // in one list of an index
    MAX_NAME = 64,           // of a slice, with the final NUL
    MAX_LINE = 1024,         // bytes of one line of an index
    MAX_INDEX_SIZE = 65536,  // bytes of a whole index
};

// An architecture, as in `75` or `90a`: ten times the major version plus the minor, and 'a', 'f' or '\0'.
struct arch {
    int number;
    char suffix;
};

struct arch_list {
    struct arch items[MAX_ARCHS];
    int count;
};

struct slice {
    char name[MAX_NAME];
    int folder;               // which of the catalog's folders it lies in
    int toolkit;              // CUDA version that made it, as cuDriverGetVersion() counts: 12040 is 12.4
    int cuda_driver;          // the lowest cuDriverGetVersion() on which it loads
    char driver_floor[32];    // the same as an NVIDIA driver release; may be empty
    struct arch_list compile_set;
    struct arch_list real;    // cubins
    struct arch_list virt;    // PTX
};

// Parses the text of an index, format 1. `stem` is its file name without `.index`, which the `slice` line must repeat.
// Unknown keys are passed over. Gives false and says what is wrong in `problem`.
bool slice_parse(const char *text, size_t length, const char *stem, struct slice *slice, char *problem,
                 size_t problem_size);

// Reads and parses an index file.
bool slice_read(const char *path, const char *stem, struct slice *slice, char *problem, size_t problem_size);

// Whether a name can be that of a slice: letters, digits, '.', '_', '+', '-', not starting with a dot.
bool slice_name_ok(const char *name);

// How well a slice serves a device.
enum rank {
    RANK_NONE = 0,
    RANK_PTX = 1,          // the driver compiles at the first run
    RANK_OLDER_CUBIN = 2,  // a cubin of the same major version, made for a lower minor one
    RANK_EXACT_CUBIN = 3,
};

// ggml's host code picks kernels for the highest architecture of the whole compile set that the device reaches, so a
// slice serves a device only if it holds just that one, as a cubin that runs there or as PTX.
enum rank slice_rank(const struct slice *slice, int capability);

// The lowest cuDriverGetVersion() with which the slice serves a device with this rank: PTX asks for a driver as new
// as the toolkit that wrote it.
int slice_driver_needed(const struct slice *slice, enum rank rank);

// The rank of the device that is served worst and the driver needed by the most demanding one; RANK_NONE if a device
// is not served at all.
enum rank slice_rank_all(const struct slice *slice, const int *capabilities, int count, int *driver_needed);

// The index of the slice to open, or -1: better rank first, then fewer architectures, then the name.
int slice_choose(const struct slice *slices, int slice_count, const int *capabilities, int count, int driver_version);

#endif
