# shellcheck shell=bash
# A private CUDA toolkit in the user's cache, made of Debian's own packages (non-free) without installing them: Debian 12
# has CUDA 11.8, the next release has 12.4, and unpacking the latter's packages by hand leaves the system as it is.

cuda_private_ensure() { # CACHE PREFIX
  local cache=$1 prefix=$2
  if [ -e "$prefix" ]; then
    if [ ! -e "$prefix/SOURCE.txt" ]; then
      cuda_check "$prefix" "made by hand; move it away to have it made by ci/setup"
      return 0
    fi
    ! private_is_current "$prefix" || return 0
    say "ci/cuda.lock has changed since '$prefix' was made: making it again"
  else
    say "there is no CUDA toolkit (no --cuda-home, CUDA_HOME or nvcc on PATH): CUDA $lock_version is put into the cache"
  fi
  private_make cuda "CUDA $lock_version" "$prefix" "$cache" 1600 "all: 1,020 MB; 210 MB stay on disk" \
    "install NVIDIA's CUDA toolkit and say --cuda-home DIR (or set CUDA_HOME)"
}

# Only what compiling, linking and carving need: the whole of nvidia-cuda-dev is 3 GB of static libraries.
# Every step says `|| return`, since bash forgets `set -e` in a function that is called before `||`.
cuda_unpack() { # DOWNLOADS ROOT
  local downloads=$1 root=$2 file libraries=./usr/lib/x86_64-linux-gnu toolkit=./usr/lib/nvidia-cuda-toolkit
  mkdir -p -- "$root" || return
  for file in "${lock_files[@]}"; do
    case $file in
      nvidia-cuda-toolkit_*)
        unpack "$downloads/$file" "$root" ./usr/include './usr/bin/*' "$toolkit/bin" "$toolkit/libdevice" \
          || return
        ;;
      nvidia-cuda-dev_*)
        say "unpacking what is needed of nvidia-cuda-dev (about a minute)"
        unpack "$downloads/$file" "$root" ./usr/include "$libraries/libcudart*" "$libraries/libcudadevrt.a" \
          "$libraries/libculibos.a" "$libraries"/stubs/lib{cuda,cublas,cublasLt,nvidia-ml}.so \
          || return
        ;;
      libcudart*) unpack "$downloads/$file" "$root" "$libraries/libcudart*" || return ;;
      *) unpack "$downloads/$file" "$root" ./usr/include || return ;;
    esac
  done
}

# From Debian's folders to the ones that every CUDA tool expects.
cuda_arrange() { # ROOT PREFIX
  local usr=$1/usr prefix=$2 tool
  local debian=$usr/lib/nvidia-cuda-toolkit libraries=$usr/lib/x86_64-linux-gnu
  mkdir -p -- "$prefix"/{bin,lib64,nvvm/bin}
  for tool in bin2c cu++filt cudafe++ cuobjdump fatbinary nvdisasm nvlink nvprune ptxas __nvcc_device_query; do
    mv -- "$usr/bin/$tool" "$prefix/bin/"
  done
  # /usr/bin/nvcc is a script of Debian's around this one.
  mv -- "$debian/bin/nvcc" "$debian/bin/crt" "$prefix/bin/"
  mv -- "$debian/bin/cicc" "$prefix/nvvm/bin/"
  mv -- "$debian/libdevice" "$prefix/nvvm/libdevice"
  mv -- "$usr/include" "$prefix/include"
  mv -- "$libraries"/libcudart.so* "$libraries"/lib{cudart_static,cudadevrt,culibos}.a "$prefix/lib64/"
  mv -- "$libraries/stubs" "$prefix/lib64/stubs"
  # Under their SONAMEs the stubs let a slice be opened, for checks, on a machine without a driver and without cuBLAS.
  ln -s libcuda.so "$prefix/lib64/stubs/libcuda.so.1"
  ln -s libcublas.so "$prefix/lib64/stubs/libcublas.so.12"
  ln -s libcublasLt.so "$prefix/lib64/stubs/libcublasLt.so.12"
  # nvcc's own form of Debian's /etc/nvcc.profile, with every path relative to where nvcc lies.
  cat >"$prefix/bin/nvcc.profile" <<'EOF'
TOP              = $(_HERE_)/..
NVVMIR_LIBRARY_DIR = $(TOP)/nvvm/libdevice
PATH            += $(TOP)/nvvm/bin:$(_HERE_):
INCLUDES        += "-I$(TOP)/include" $(_SPACE_)
LIBRARIES        =+ $(_SPACE_) "-L$(TOP)/lib64/stubs" "-L$(TOP)/lib64"
EOF
}

cuda_license() {
  echo "NVIDIA's license applies: the CUDA Toolkit End User License Agreement."
}

# A kernel through every tool of the chain, and a program that links: what the toolkit is for.
cuda_try() { # PREFIX
  local prefix=$1 folder log
  cuda_reaches "$prefix"
  folder=$prefix/.try
  mkdir -p -- "$folder"
  printf '%s\n' '#include <cublas_v2.h>' '#include <cub/cub.cuh>' '#include <cuda_fp16.h>' \
    '__global__ void k(half *x) { *x = hsqrt(*x); }' 'int main() { k<<<1, 1>>>(nullptr); return cublasCreate(nullptr); }' \
    >"$folder/try.cu"
  log=$(cd -- "$folder" && TMPDIR=$folder "$prefix/bin/nvcc" -ccbin g++-12 -arch=sm_75 try.cu -o try -lcublas 2>&1 \
    && "$prefix/bin/cuobjdump" -lelf try 2>&1) \
    || die "the CUDA toolkit just unpacked can't compile a small program: $log"
  [[ $log == *sm_75* ]] || die "the CUDA toolkit just unpacked made no code for sm_75: $log"
  rm -rf -- "$folder"
}
