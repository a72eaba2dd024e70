#pragma once

// Every architecture's code differs a little, so that no two images are the same bytes.
#ifdef __CUDA_ARCH__
#define COMPILED_ARCH __CUDA_ARCH__
#else
#define COMPILED_ARCH 0
#endif

// Each unit's host code, called by the backend.
void small_argsort(float * values, int count);
void small_mmvq(const float * matrix, const float * vector, float * result, int rows, int columns);
void small_fattn(const float * queries, const float * keys, float * result, int count);
