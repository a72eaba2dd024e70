#include "driver.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

// From cuda.h, which is not needed to build this.
enum {
    CU_SUCCESS = 0,
    CU_ERROR_NO_DEVICE = 100,
    CU_CAPABILITY_MAJOR = 75,
    CU_CAPABILITY_MINOR = 76,
};

struct functions {
    int (*init)(unsigned flags);
    int (*driver_version)(int *version);
    int (*device_count)(int *count);
    int (*device_get)(int *device, int ordinal);
    int (*device_name)(char *name, int length, int device);
    int (*device_attribute)(int *value, int attribute, int device);
    int (*error_name)(int code, const char **name);  // may be missing
};

// A data pointer may not be cast to a function pointer in ISO C; its bytes may be copied.
static bool find(void *library, const char *name, void *function)
{
    void *symbol = dlsym(library, name);
    memcpy(function, &symbol, sizeof symbol);
    return symbol != NULL;
}

static bool find_all(void *library, struct functions *f)
{
    find(library, "cuGetErrorName", &f->error_name);
    return find(library, "cuInit", &f->init) && find(library, "cuDriverGetVersion", &f->driver_version) &&
           find(library, "cuDeviceGetCount", &f->device_count) && find(library, "cuDeviceGet", &f->device_get) &&
           find(library, "cuDeviceGetName", &f->device_name) &&
           find(library, "cuDeviceGetAttribute", &f->device_attribute);
}

static void failed(struct driver *driver, const struct functions *f, const char *call, int code)
{
    const char *name = NULL;
    if (f->error_name == NULL || f->error_name(code, &name) != CU_SUCCESS || name == NULL) {
        name = "error";
    }
    driver->state = DRIVER_FAILED;
    snprintf(driver->problem, sizeof driver->problem, "%s gave %s (%d)", call, name, code);
}

static bool query_device(struct driver *driver, const struct functions *f, int ordinal)
{
    int device = 0;
    int major = 0;
    int minor = 0;
    int code = f->device_get(&device, ordinal);
    if (code == CU_SUCCESS) {
        code = f->device_attribute(&major, CU_CAPABILITY_MAJOR, device);
    }
    if (code == CU_SUCCESS) {
        code = f->device_attribute(&minor, CU_CAPABILITY_MINOR, device);
    }
    if (code != CU_SUCCESS) {
        failed(driver, f, "asking for a GPU's compute capability", code);
        return false;
    }
    char *name = driver->names[ordinal];
    if (f->device_name(name, MAX_DEVICE_NAME, device) != CU_SUCCESS || name[0] == '\0') {
        snprintf(name, MAX_DEVICE_NAME, "GPU %d", ordinal);
    }
    name[MAX_DEVICE_NAME - 1] = '\0';
    driver->capabilities[ordinal] = major * 10 + minor;
    return true;
}

void driver_query(struct driver *driver)
{
    memset(driver, 0, sizeof *driver);
    // Never closed: the slice links the same library and will find it open.
    void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        const char *reason = dlerror();
        snprintf(driver->problem, sizeof driver->problem, "%s", reason != NULL ? reason : "libcuda.so.1 does not open");
        // A file that is there and does not load is another matter than a machine without NVIDIA; then the text begins
        // with its path. The words behind it are in the user's language.
        bool absent = strncmp(driver->problem, "libcuda.so.1:", strlen("libcuda.so.1:")) == 0;
        driver->state = absent ? DRIVER_MISSING : DRIVER_FAILED;
        return;
    }
    struct functions f = {0};
    if (!find_all(library, &f)) {
        driver->state = DRIVER_FAILED;
        snprintf(driver->problem, sizeof driver->problem, "libcuda.so.1 is too old or not NVIDIA's: functions are missing");
        return;
    }
    int code = f.init(0);
    if (code != CU_SUCCESS && code != CU_ERROR_NO_DEVICE) {
        failed(driver, &f, "cuInit", code);
        return;
    }
    int version_code = f.driver_version(&driver->version);
    if (version_code != CU_SUCCESS) {
        failed(driver, &f, "cuDriverGetVersion", version_code);
        return;
    }
    int count = 0;
    if (code == CU_SUCCESS) {
        code = f.device_count(&count);
    }
    if (code != CU_SUCCESS && code != CU_ERROR_NO_DEVICE) {
        failed(driver, &f, "cuDeviceGetCount", code);
        return;
    }
    if (code == CU_ERROR_NO_DEVICE || count <= 0) {
        driver->state = DRIVER_NO_DEVICE;
        return;
    }
    driver->count = count < MAX_DEVICES ? count : MAX_DEVICES;
    for (int i = 0; i < driver->count; i++) {
        if (!query_device(driver, &f, i)) {
            return;
        }
    }
    driver->state = DRIVER_READY;
}
