// Every message of the selector. Each says what is the case, with numbers, and what would help.
#ifndef LLCUDA_EXPLAIN_H
#define LLCUDA_EXPLAIN_H

#include "catalog.h"
#include "driver.h"

// Why the driver is of no use: it is missing, it does not start, or it shows no GPU.
void explain_driver(const struct driver *driver);

// Why there is nothing to choose from.
void explain_empty(const struct catalog *catalog, const struct driver *driver);

// What is here, one line per slice.
void explain_catalog(const struct catalog *catalog);

// Why no slice serves all visible GPUs: the driver is too old, a GPU has no slice, or no slice has them all.
void explain_no_slice(const struct catalog *catalog, const struct driver *driver);

// Warns when the rule would not have taken the slice that LLCUDA_SLICE names.
void explain_override(const struct slice *slice, const struct driver *driver);

// For LLCUDA_VERBOSE.
void explain_choice(const struct slice *slice, const struct driver *driver, bool by_override);

// Says that the first run takes long, for each kind of GPU that gets PTX.
void explain_jit(const struct slice *slice, const struct driver *driver);

// What dlopen() said, and which package holds a CUDA library that is missing.
void explain_open_failure(const char *path, const char *reason);

#endif
