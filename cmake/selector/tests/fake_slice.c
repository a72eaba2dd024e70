// Stands in for a slice. What it gives as its backend is the path it was opened by, for the probe to print.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef NEEDS_LIBRARY
int from_missing_library(void);
int use_missing_library(void)
{
    return from_missing_library();
}
#endif

#ifndef WITHOUT_INIT
void *ggml_backend_init(void)
{
    static Dl_info info;
    if (getenv("FAKE_SLICE_NULL") != NULL || dladdr((void *)&info, &info) == 0) {
        return NULL;
    }
    return (void *)info.dli_fname;
}
#endif

__attribute__((constructor)) static void opened(void)
{
    puts("opened a slice");
    fflush(stdout);
}
