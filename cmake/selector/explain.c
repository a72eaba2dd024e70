#include "explain.h"

#include "say.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// 12040 as "12.4".
struct version_text {
    char text[32];
};

static struct version_text cuda_version(int version)
{
    struct version_text result;
    snprintf(result.text, sizeof result.text, "%d.%d", version / 1000, version % 1000 / 10);
    return result;
}

// "NVIDIA L4 (8.9)"
struct device_text {
    char text[MAX_DEVICE_NAME + 16];
};

static struct device_text device(const struct driver *driver, int index)
{
    struct device_text result;
    int capability = driver->capabilities[index];
    snprintf(result.text, sizeof result.text, "%s (%d.%d)", driver->names[index], capability / 10, capability % 10);
    return result;
}

// Whether an earlier device has the same capability, so that one line is enough for both.
static bool said_before(const struct driver *driver, int index)
{
    for (int i = 0; i < index; i++) {
        if (driver->capabilities[i] == driver->capabilities[index]) {
            return true;
        }
    }
    return false;
}

void explain_driver(const struct driver *driver)
{
    const char *visible = getenv("CUDA_VISIBLE_DEVICES");
    if (driver->state == DRIVER_MISSING) {
        say("no NVIDIA driver here (libcuda.so.1 is not found); the CPU is used");
    } else if (driver->state == DRIVER_FAILED) {
        say("the NVIDIA driver does not start: %s; the CPU is used", driver->problem);
    } else if (visible != NULL) {
        say("the NVIDIA driver shows no GPU (CUDA_VISIBLE_DEVICES='%s'); the CPU is used", visible);
    } else {
        say("the NVIDIA driver shows no GPU; the CPU is used");
    }
}

// Whether packed kernels are here that would serve all devices; says so.
static bool explain_packed(const struct catalog *catalog, const struct driver *driver)
{
    for (int i = 0; i < catalog->packed_count; i++) {
        int needed;
        enum rank rank = slice_rank_all(&catalog->packed[i], driver->capabilities, driver->count, &needed);
        if (rank != RANK_NONE && needed <= driver->version) {
            say("the kernels for %s are here, but packed: run 'llcuda unpack' once; the CPU is used",
                driver->count == 1 ? driver->names[0] : "these GPUs");
            return true;
        }
    }
    return false;
}

void explain_empty(const struct catalog *catalog, const struct driver *driver)
{
    if (explain_packed(catalog, driver)) {
        return;
    }
    if (catalog->packed_count > 0) {
        explain_no_slice(catalog, driver);
        return;
    }
    const char *folder = catalog->folder[0] != '\0' ? catalog->folder : "the folder 'cuda' beside libggml-cuda.so";
    if (catalog->broken > 0) {
        say("no usable slice of the CUDA backend in %s; install it again; the CPU is used", folder);
    } else {
        say("no slice of the CUDA backend in %s; install the package that holds your GPU's; the CPU is used", folder);
    }
}

void explain_catalog(const struct catalog *catalog)
{
    char archs[1024];
    for (int i = 0; i < catalog->count; i++) {
        slice_describe(&catalog->slices[i], archs, sizeof archs);
        say("  here: %s with %s", catalog->slices[i].name, archs);
    }
    for (int i = 0; i < catalog->packed_count; i++) {
        slice_describe(&catalog->packed[i], archs, sizeof archs);
        say("  here, packed: %s with %s", catalog->packed[i].name, archs);
    }
}

// The slices, then what is packed.
static const struct slice *slice_at(const struct catalog *catalog, int index)
{
    return index < catalog->count ? &catalog->slices[index] : &catalog->packed[index - catalog->count];
}

// The least demanding of the slices that would serve all devices with a newer driver, or NULL.
static const struct slice *blocked_by_driver(const struct catalog *catalog, const struct driver *driver, int *driver_needed)
{
    const struct slice *best = NULL;
    for (int i = 0; i < catalog->count + catalog->packed_count; i++) {
        const struct slice *slice = slice_at(catalog, i);
        int needed;
        enum rank rank = slice_rank_all(slice, driver->capabilities, driver->count, &needed);
        if (rank != RANK_NONE && (best == NULL || needed < *driver_needed)) {
            best = slice;
            *driver_needed = needed;
        }
    }
    return best;
}

static void explain_old_driver(const struct slice *slice, const struct driver *driver, int needed)
{
    // The release in the index belongs to the CUDA version in the index; PTX may ask for more than that.
    char release[64] = "";
    if (needed == slice->cuda_driver && slice->driver_floor[0] != '\0') {
        snprintf(release, sizeof release, " (release %s)", slice->driver_floor);
    }
    say("the NVIDIA driver is too old: slice %s needs one for CUDA %s%s or newer, this one is for CUDA %s; "
        "update the driver; the CPU is used",
        slice->name, cuda_version(needed).text, release, cuda_version(driver->version).text);
}

void explain_no_slice(const struct catalog *catalog, const struct driver *driver)
{
    if (explain_packed(catalog, driver)) {
        return;
    }
    int driver_needed = 0;
    const struct slice *blocked = blocked_by_driver(catalog, driver, &driver_needed);
    if (blocked != NULL) {
        explain_old_driver(blocked, driver, driver_needed);
        return;
    }
    bool some_unserved = false;
    for (int i = 0; i < driver->count; i++) {
        enum rank best = RANK_NONE;
        for (int j = 0; j < catalog->count + catalog->packed_count; j++) {
            enum rank rank = slice_rank(slice_at(catalog, j), driver->capabilities[i]);
            best = rank > best ? rank : best;
        }
        if (best == RANK_NONE) {
            some_unserved = true;
            if (!said_before(driver, i)) {
                say("no slice serves %s, compute capability %d.%d", driver->names[i], driver->capabilities[i] / 10,
                    driver->capabilities[i] % 10);
            }
        }
    }
    if (!some_unserved) {
        say("no single slice serves all visible GPUs, and a process can open only one:");
        for (int i = 0; i < driver->count; i++) {
            if (!said_before(driver, i)) {
                say("  GPU: %s", device(driver, i).text);
            }
        }
    }
    explain_catalog(catalog);
    if (driver->count > 1) {
        say("CUDA_VISIBLE_DEVICES=0 (or another number) leaves one GPU visible; now the CPU is used");
    } else {
        say("the CPU is used; install a package that holds this GPU's slice");
    }
}

void explain_override(const struct slice *slice, const struct driver *driver)
{
    for (int i = 0; i < driver->count; i++) {
        if (slice_rank(slice, driver->capabilities[i]) == RANK_NONE && !said_before(driver, i)) {
            say("warning: LLCUDA_SLICE=%s is obeyed, but that slice does not serve %s; expect errors or wrong results",
                slice->name, device(driver, i).text);
        }
    }
    int needed;
    slice_rank_all(slice, driver->capabilities, driver->count, &needed);
    if (needed > driver->version) {
        say("warning: LLCUDA_SLICE=%s is obeyed, but that slice needs a driver for CUDA %s, and this one is for CUDA %s",
            slice->name, cuda_version(needed).text, cuda_version(driver->version).text);
    }
}

void explain_choice(const struct slice *slice, const struct driver *driver, bool by_override)
{
    static const char *const how[] = {
        [RANK_NONE] = "not by the rule",
        [RANK_PTX] = "as PTX, compiled at the first run",
        [RANK_OLDER_CUBIN] = "with a cubin of an older minor version",
        [RANK_EXACT_CUBIN] = "with an exact cubin",
    };
    char archs[1024];
    slice_describe(slice, archs, sizeof archs);
    say("driver for CUDA %s; slice %s with %s%s", cuda_version(driver->version).text, slice->name, archs,
        by_override ? ", named by LLCUDA_SLICE" : "");
    for (int i = 0; i < driver->count; i++) {
        say("  %s is served %s", device(driver, i).text, how[slice_rank(slice, driver->capabilities[i])]);
    }
}

void explain_jit(const struct slice *slice, const struct driver *driver)
{
    for (int i = 0; i < driver->count; i++) {
        if (slice_rank(slice, driver->capabilities[i]) == RANK_PTX && !said_before(driver, i)) {
            say("%s gets PTX of slice %s: the driver compiles it at the first run, which takes 40 s or more; later runs "
                "use its cache",
                device(driver, i).text, slice->name);
        }
    }
}

// The major version behind "libcudart.so." if `reason` says that this library was not found, or 0. dlerror() is put into
// the user's language; what stays is that it begins with the bare name, and with a path if a file was found and is bad.
static int missing_major(const char *reason, const char *library)
{
    size_t length = strlen(library);
    return strncmp(reason, library, length) == 0 ? atoi(reason + length) : 0;
}

void explain_open_failure(const char *path, const char *reason)
{
    static const struct {
        const char *library;
        const char *package;
    } known[] = {
        {"libcudart.so.", "nvidia-cuda-runtime"},
        {"libcublas.so.", "nvidia-cublas"},
        {"libcublasLt.so.", "nvidia-cublas"},
    };
    say("'%s' does not load: %s", path, reason);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        int major = missing_major(reason, known[i].library);
        if (major >= 13) {
            say("that library comes with: pip install '%s==%d.*', or with an installed CUDA %d whose lib64 is in LD_LIBRARY_PATH",
                known[i].package, major, major);
        } else if (major > 0) {
            say("that library comes with: pip install %s-cu%d, or with an installed CUDA %d whose lib64 is in LD_LIBRARY_PATH",
                known[i].package, major, major);
        }
    }
    say("the CPU is used");
}
