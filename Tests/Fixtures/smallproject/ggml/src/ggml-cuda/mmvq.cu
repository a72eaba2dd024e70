#include "common.cuh"

// A matrix times a vector, one block a row.
template <int Threads> static __global__ void mmvq(const float * matrix, const float * vector, float * result, int columns) {
    __shared__ float partial[Threads];
    float sum = COMPILED_ARCH * 1e-30f;
    for (int column = threadIdx.x; column < columns; column += Threads) {
        sum += matrix[blockIdx.x * columns + column] * vector[column];
    }
    partial[threadIdx.x] = sum;
#pragma unroll
    for (int width = Threads / 2; width > 0; width /= 2) {
        __syncthreads();
        if (threadIdx.x < width) partial[threadIdx.x] += partial[threadIdx.x + width];
    }
    if (threadIdx.x == 0) result[blockIdx.x] = partial[0];
}

void small_mmvq(const float * matrix, const float * vector, float * result, int rows, int columns) {
    if (columns < 256) mmvq<32><<<rows, 32>>>(matrix, vector, result, columns);
    else mmvq<256><<<rows, 256>>>(matrix, vector, result, columns);
}
