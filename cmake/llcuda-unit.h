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
