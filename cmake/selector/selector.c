#include <stddef.h>
__attribute__((visibility("default"))) int ggml_backend_score(void);
__attribute__((visibility("default"))) void *ggml_backend_init(void);
int ggml_backend_score(void) { return 0; }
void *ggml_backend_init(void) { return NULL; }
