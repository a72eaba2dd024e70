#pragma once

#ifdef __cplusplus
extern "C" {
#endif

// A backend: what it is called, and how many devices it has.
struct ggml_backend_reg {
    const char * name;
    int devices;
};
typedef struct ggml_backend_reg * ggml_backend_reg_t;

// Stops the program with the place that went wrong; __FILE__ in it shows whose paths a binary carries.
void ggml_abort(const char * file, int line);
#define GGML_ASSERT(condition) ((condition) ? (void) 0 : ggml_abort(__FILE__, __LINE__))

const char * ggml_version(void);

// Opens every backend beside the running program; gives how many there are.
int ggml_backend_load_all(void);
ggml_backend_reg_t ggml_backend_get(int index);

#ifdef __cplusplus
}
#endif
