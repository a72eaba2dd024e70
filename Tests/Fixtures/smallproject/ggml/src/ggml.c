#include "ggml.h"

#include <stdio.h>
#include <stdlib.h>

void ggml_abort(const char * file, int line) {
    fprintf(stderr, "%s:%d: assertion failed\n", file, line);
    abort();
}

const char * ggml_version(void) { return GGML_VERSION; }
