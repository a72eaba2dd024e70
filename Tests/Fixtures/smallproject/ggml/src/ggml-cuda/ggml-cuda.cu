#include "common.cuh"
#include "ggml.h"

#include <cublas_v2.h>
#include <cuda.h>

// All architectures that were compiled together, times 10; a slice has fewer, this list doesn't change.
static const int compiled[] = { __CUDA_ARCH_LIST__ };

static __global__ void scale(float * values, float factor, int count) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count) values[i] = values[i] * factor + COMPILED_ARCH;
}

static struct ggml_backend_reg cuda = { "CUDA", 0 };

// The architecture whose kernels are taken for a device: the highest that isn't above it, 0 when all are.
extern "C" int small_closest(int device) {
    int closest = 0;
    for (const int number : compiled) {
        if (number <= device * 10 && number > closest) closest = number;
    }
    return closest / 10;
}

extern "C" int small_run(float * values, int count) {
    const char * text = nullptr;
    cublasHandle_t handle;
    if (cublasCreate(&handle) != CUBLAS_STATUS_SUCCESS || cuGetErrorString(CUDA_SUCCESS, &text) != CUDA_SUCCESS) return 1;
    scale<<<(count + 127) / 128, 128>>>(values, 2.0f, count);
    small_argsort(values, count);
    small_mmvq(values, values, values, 1, count);
    small_fattn(values, values, values, count);
    return int(cudaDeviceSynchronize());
}

extern "C" ggml_backend_reg_t ggml_backend_init(void) {
    GGML_ASSERT(sizeof compiled > 0);
    if (cudaGetDeviceCount(&cuda.devices) != cudaSuccess) return nullptr;
    return &cuda;
}
