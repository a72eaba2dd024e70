// Stands in for the driver's libcuda.so.1 in tests.
//   FAKE_CUDA_DEVICES="75:Tesla T4,80:NVIDIA A100"   compute capability and name of each GPU
//   FAKE_CUDA_VERSION=12040                          what cuDriverGetVersion() gives
//   FAKE_CUDA_INIT=999                               what cuInit() gives
//   FAKE_CUDA_ATTRIBUTE=1                            what cuDeviceGetAttribute() gives
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int number(const char *name, int otherwise)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? atoi(value) : otherwise;
}

// The text of a device, up to the comma behind it; NULL when there are not so many.
static const char *device(int ordinal)
{
    const char *text = getenv("FAKE_CUDA_DEVICES");
    if (text == NULL || text[0] == '\0') {
        return NULL;
    }
    for (int i = 0; i < ordinal && text != NULL; i++) {
        text = strchr(text, ',');
        text = text != NULL ? text + 1 : NULL;
    }
    return text;
}

int cuInit(unsigned flags)
{
    (void)flags;
    return number("FAKE_CUDA_INIT", device(0) == NULL ? 100 : 0);
}

int cuDriverGetVersion(int *version)
{
    *version = number("FAKE_CUDA_VERSION", 12040);
    return 0;
}

int cuDeviceGetCount(int *count)
{
    *count = 0;
    while (device(*count) != NULL) {
        (*count)++;
    }
    return 0;
}

int cuDeviceGet(int *handle, int ordinal)
{
    *handle = ordinal + 100;  // a handle is not an ordinal
    return device(ordinal) != NULL ? 0 : 101;
}

int cuDeviceGetName(char *name, int length, int handle)
{
    const char *text = device(handle - 100);
    const char *colon = text != NULL ? strchr(text, ':') : NULL;
    if (colon == NULL) {
        return 101;
    }
    int size = (int)strcspn(colon + 1, ",");
    snprintf(name, (size_t)length, "%.*s", size, colon + 1);
    return 0;
}

int cuDeviceGetAttribute(int *value, int attribute, int handle)
{
    const char *text = device(handle - 100);
    if (text == NULL || (attribute != 75 && attribute != 76)) {
        return 1;
    }
    int capability = atoi(text);
    *value = attribute == 75 ? capability / 10 : capability % 10;
    return number("FAKE_CUDA_ATTRIBUTE", 0);
}

int cuGetErrorName(int code, const char **name)
{
    *name = code == 999 ? "CUDA_ERROR_UNKNOWN" : "CUDA_ERROR_FAKE";
    return 0;
}
