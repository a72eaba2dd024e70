// All four programs: they differ in their names only.
#include "ggml.h"

#include <cstdio>
#include <cstring>

int main(int count, char ** arguments) {
    if (count == 2 && strcmp(arguments[1], "--version") == 0) {
        fprintf(stderr, "version: %s (%s, ggml %s)\n", VERSION, PROGRAM, ggml_version());
        return 0;
    }
    if (count == 2 && strcmp(arguments[1], "--list-devices") == 0) {
        const int backends = ggml_backend_load_all();
        if (backends == 0) {
            fprintf(stderr, "no backend beside the program\n");
            return 1;
        }
        printf("Available devices:\n");
        for (int i = 0; i < backends; ++i) {
            printf("  %s: %d\n", ggml_backend_get(i)->name, ggml_backend_get(i)->devices);
        }
        return 0;
    }
    fprintf(stderr, "usage: %s --version | --list-devices\n", PROGRAM);
    return 1;
}
