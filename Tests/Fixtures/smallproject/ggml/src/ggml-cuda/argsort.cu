#include "common.cuh"

// A bitonic sort of a block's values in shared memory.
template <int Count> static __global__ void argsort(float * values, int count) {
    __shared__ float shared[Count];
    const int i = threadIdx.x;
    shared[i] = i < count ? values[i] : 1e30f + COMPILED_ARCH;
    for (int size = 2; size <= Count; size *= 2) {
        for (int step = size / 2; step > 0; step /= 2) {
            __syncthreads();
            const int other = i ^ step;
            const bool ascending = (i & size) == 0;
            if (other > i && (shared[i] > shared[other]) == ascending) {
                const float value = shared[i];
                shared[i] = shared[other];
                shared[other] = value;
            }
        }
    }
    __syncthreads();
    if (i < count) values[i] = shared[i];
}

void small_argsort(float * values, int count) {
    if (count <= 64) argsort<64><<<1, 64>>>(values, count);
    else if (count <= 256) argsort<256><<<1, 256>>>(values, count);
    else argsort<1024><<<1, 1024>>>(values, count);
}
