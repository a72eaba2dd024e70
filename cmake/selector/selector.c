// The library that llama.cpp opens as its CUDA backend, `libggml-cuda.so`. It links nothing of CUDA: it asks the driver
// which GPUs are visible, picks one of the slices in the folder `cuda` beside it, opens that one and passes its
// ggml_backend_init() on. When none fits, the score is 0, and llama.cpp goes on to the CPU.
//
// llama.cpp's loader (ggml-backend-reg.cpp) comes here by the fallback name `libggml-<backend>.so`, asks for the score
// first and closes us if it is 0; only then it calls ggml_backend_init(). Other programs may call only the latter.
//
// LLCUDA_SLICE=sm75   take this slice, whatever the rule says
// LLCUDA_VERBOSE=1    say what was chosen and why
// LLCUDA_QUIET=1      say nothing
#include "catalog.h"
#include "driver.h"
#include "explain.h"
#include "say.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

// ggml-backend-impl.h: ggml_backend_reg_t is a pointer that we only pass on.
struct ggml_backend_reg;
typedef struct ggml_backend_reg *ggml_backend_reg_t;
typedef ggml_backend_reg_t (*ggml_backend_init_t)(void);

EXPORT int ggml_backend_score(void);
EXPORT ggml_backend_reg_t ggml_backend_init(void);

static struct catalog catalog;
static struct driver driver;
static const struct slice *chosen;
static ggml_backend_reg_t backend;
static pthread_once_t choose_once = PTHREAD_ONCE_INIT;
static pthread_once_t open_once = PTHREAD_ONCE_INIT;

// The slice that LLCUDA_SLICE names, or NULL after a message. `sm75` and `sm75.so` are the same.
static const struct slice *find_override(const char *wanted)
{
    size_t length = strlen(wanted);
    if (length > 3 && strcmp(wanted + length - 3, ".so") == 0) {
        length -= 3;
    }
    for (int i = 0; i < catalog.count; i++) {
        const struct slice *slice = &catalog.slices[i];
        if (strlen(slice->name) == length && memcmp(slice->name, wanted, length) == 0) {
            return slice;
        }
    }
    say("LLCUDA_SLICE='%s' names no slice in '%s'", wanted, catalog.folder);
    explain_catalog(&catalog);
    say("the CPU is used");
    return NULL;
}

static void choose(void)
{
    const char *wanted = getenv("LLCUDA_SLICE");
    bool has_override = wanted != NULL && wanted[0] != '\0';

    driver_query(&driver);
    if (driver.state != DRIVER_READY) {
        explain_driver(&driver);
        return;
    }
    catalog_read(&catalog, (const void *)&choose_once);
    if (catalog.count == 0) {
        explain_empty(&catalog, &driver);
        return;
    }
    if (has_override) {
        chosen = find_override(wanted);
        if (chosen != NULL) {
            explain_override(chosen, &driver);
        }
    } else {
        int index = slice_choose(catalog.slices, catalog.count, driver.capabilities, driver.count, driver.version);
        if (index < 0) {
            explain_no_slice(&catalog, &driver);
            return;
        }
        chosen = &catalog.slices[index];
    }
    if (chosen != NULL && env_is_on("LLCUDA_VERBOSE")) {
        explain_choice(chosen, &driver, has_override);
    }
}

static void open_chosen(void)
{
    char path[MAX_PATH + 512];
    snprintf(path, sizeof path, "%s/%s.so", catalog.folders[chosen->folder], chosen->name);
    explain_jit(chosen, &driver);
    // Never closed, whatever happens: a CUDA library that is closed and opened again hangs at its first kernel.
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        const char *reason = dlerror();
        explain_open_failure(path, reason != NULL ? reason : "unknown reason");
        return;
    }
    void *symbol = dlsym(library, "ggml_backend_init");
    if (symbol == NULL) {
        say("'%s' is no backend of llama.cpp (it has no ggml_backend_init); the CPU is used", path);
        return;
    }
    ggml_backend_init_t init;
    memcpy(&init, &symbol, sizeof symbol);
    backend = init();
    if (backend == NULL) {
        say("'%s' gave no backend; the CPU is used", path);
    }
}

// 0 when no slice can run on every visible GPU. Above that, how well the GPU that is served worst is served; llama.cpp
// compares it only with other libraries named libggml-cuda-*.so.
EXPORT int ggml_backend_score(void)
{
    pthread_once(&choose_once, choose);
    if (chosen == NULL) {
        return 0;
    }
    int needed;
    enum rank rank = slice_rank_all(chosen, driver.capabilities, driver.count, &needed);
    return rank > RANK_NONE ? (int)rank : 1;
}

EXPORT ggml_backend_reg_t ggml_backend_init(void)
{
    pthread_once(&choose_once, choose);
    if (chosen == NULL) {
        return NULL;
    }
    pthread_once(&open_once, open_chosen);
    return backend;
}
