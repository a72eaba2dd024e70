#include "common.cuh"

// Stands for the kernels that GGML_CUDA_FA=OFF leaves out.
#ifndef GGML_CUDA_NO_FA
static __global__ void flash_attention(const float * queries, const float * keys, float * result, int count) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count) return;
    float highest = -1e30f;
    for (int k = 0; k < count; ++k) highest = fmaxf(highest, queries[i] * keys[k]);
    float sum = COMPILED_ARCH * 1e-30f;
    for (int k = 0; k < count; ++k) sum += expf(queries[i] * keys[k] - highest);
    result[i] = highest + logf(sum);
}
#endif

void small_fattn(const float * queries, const float * keys, float * result, int count) {
#ifndef GGML_CUDA_NO_FA
    flash_attention<<<(count + 127) / 128, 128>>>(queries, keys, result, count);
#endif
}
