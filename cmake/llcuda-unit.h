// Included in front of every translation unit of ggml-cuda, so that its object is the same every time.
//
// nvcc makes the names of what is internal to a unit unique by the unit's first external definition. Where there is
// none, as in files that only instantiate templates, it takes the number of its process (cudafe++ of CUDA 12.4; from 12.9
// on -frandom-seed decides). So every unit gets a definition of its own.
#ifdef LLCUDA_UNIT
extern "C" {
__attribute__((visibility("hidden"))) int LLCUDA_UNIT = 0;
}
#endif

// nvcc compiles a unit once for the host and once for each architecture, and tells every pass the whole list. ggml's host
// code needs it, to know which kernels there are; its kernels print it when they can't run, and that alone would make a
// compiler cache miss all of them whenever an architecture is added. So a device pass is told its own.
#if defined(LLCUDA_LIST_PER_PASS) && defined(__CUDA_ARCH__)
#undef __CUDA_ARCH_LIST__
#define __CUDA_ARCH_LIST__ __CUDA_ARCH__
#endif
