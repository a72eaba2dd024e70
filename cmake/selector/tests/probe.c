// Does what llama.cpp's loader does with libggml-cuda.so, twice, as a program does that loads all backends twice:
// open, ask for the score, close if it is 0, else take the backend. `probe LIBRARY init` asks for the backend alone.
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

int main(int count, char **arguments)
{
    if (count < 2) {
        return 2;
    }
    for (int round = 0; round < 2; round++) {
        void *library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
        if (library == NULL) {
            printf("dlopen: %s\n", dlerror());
            return 1;
        }
        int (*score)(void);
        void *(*init)(void);
        void *symbol = dlsym(library, "ggml_backend_score");
        memcpy(&score, &symbol, sizeof symbol);
        symbol = dlsym(library, "ggml_backend_init");
        memcpy(&init, &symbol, sizeof symbol);
        if (count == 2) {
            int value = score();
            printf("score %d\n", value);
            if (value == 0) {
                dlclose(library);
                continue;
            }
        }
        const char *backend = init();
        const char *slash = backend != NULL ? strrchr(backend, '/') : NULL;
        printf("backend %s\n", slash != NULL ? slash + 1 : "none");
    }
    return 0;
}
