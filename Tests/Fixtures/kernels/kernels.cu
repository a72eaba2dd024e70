// A few small kernels, compiled by the tests with the real nvcc to get real fat binaries.
// Each kernel differs a little by architecture, so that images of two architectures are never the same bytes.
// Kernels are static, so that two objects of this source (with another UNIT_NAME) can be linked together.

#ifdef __CUDA_ARCH__
#define COMPILED_ARCH __CUDA_ARCH__
#else
#define COMPILED_ARCH 0
#endif

static __global__ void scale(float *values, float factor, int count) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) values[i] = values[i] * factor + COMPILED_ARCH;
}

static __global__ void sum(const float *values, float *result, int count) {
  __shared__ float partial[256];
  float total = 0;
  for (int i = threadIdx.x; i < count; i += blockDim.x) total += values[i];
  partial[threadIdx.x] = total;
  for (int width = blockDim.x / 2; width > 0; width /= 2) {
    __syncthreads();
    if (threadIdx.x < width) partial[threadIdx.x] += partial[threadIdx.x + width];
  }
  if (threadIdx.x == 0) *result = partial[0];
}

template <int Steps> static __global__ void polynomial(float *values, int count) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count) return;
  float x = values[i], y = 0;
#pragma unroll
  for (int step = 0; step < Steps; ++step) y = y * x + step;
  values[i] = y;
}

extern "C" int UNIT_NAME(float *values, float *result, int count) {
  scale<<<(count + 255) / 256, 256>>>(values, 2.0f, count);
  polynomial<7><<<(count + 255) / 256, 256>>>(values, count);
  polynomial<31><<<(count + 255) / 256, 256>>>(values, count);
  sum<<<1, 256>>>(values, result, count);
  return static_cast<int>(cudaDeviceSynchronize());
}
