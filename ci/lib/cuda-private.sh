# shellcheck shell=bash
# A private CUDA toolkit in the user's cache, made of Debian's own packages (non-free) without installing them: Debian 12
# has CUDA 11.8, the next release has 12.4, and unpacking the latter's packages by hand leaves the system as it is.

cuda_private_ensure() { # CACHE PREFIX
  local cache=$1 prefix=$2 lock
  lock=$(sha256_of "$here/cuda.lock")
  if [ -e "$prefix" ]; then
    if [ ! -e "$prefix/SOURCE.txt" ]; then
      cuda_check "$prefix" "made by hand; move it away to have it made by ci/setup"
      return 0
    fi
    ! grep -qxF "lock $lock" "$prefix/SOURCE.txt" || return 0
    say "ci/cuda.lock has changed since '$prefix' was made: making it again"
  else
    say "there is no CUDA toolkit (no --cuda-home, CUDA_HOME or nvcc on PATH): CUDA $lock_toolkit is put into the cache"
  fi
  local downloads=$cache/downloads/cuda-$lock_toolkit new=$prefix.new.$$
  # Left by runs that were killed outright; nobody else is at it, since ci/setup holds the cache's lock.
  rm -rf -- "$prefix".new.* "$prefix".old.*
  # shellcheck disable=SC2064 # the name as it is now
  trap "rm -rf -- '$new'" EXIT

  cuda_download "$cache" "$downloads"
  mkdir -p -- "$new"
  attended cuda_unpack "$downloads" "$new/.root" || die "could not unpack the CUDA packages in '$downloads'"
  cuda_arrange "$new/.root" "$new"
  rm -rf -- "$new/.root"
  cuda_source "$lock" >"$new/SOURCE.txt"
  cuda_try "$new"

  # On disk before it gets its name: a power cut must not leave a folder with the right name and empty files.
  sync -f "$new/SOURCE.txt"
  if [ -e "$prefix" ]; then mv -T -- "$prefix" "$prefix.old.$$"; fi
  mv -T -- "$new" "$prefix"
  trap - EXIT
  rm -rf -- "$prefix.old.$$" "$downloads"
  say "CUDA $lock_toolkit is in '$prefix'"
}

# Downloads what is missing or damaged, and checks it against ci/cuda.lock.
cuda_download() { # CACHE DOWNLOADS
  local cache=$1 downloads=$2 wanted=() file digest i
  mkdir -p -- "$downloads"
  need_space "$cache" 1600 "the CUDA toolkit"
  for i in "${!lock_files[@]}"; do
    file=$downloads/${lock_files[i]}
    if [ -e "$file" ] && [ "$(sha256_of "$file")" = "${lock_digests[i]}" ]; then continue; fi
    # A partial file is thrown away: apt resumes one only if its date is the mirror's, which a killed download's is not,
    # and takes a damaged file of the right size for a good one.
    rm -f -- "$file"
    wanted[i]=${lock_files[i]}
  done
  [ ${#wanted[@]} -gt 0 ] || return 0
  say "fetching ${#wanted[@]} of ${#lock_files[@]} packages from Debian's non-free archive (all: 1,020 MB; 210 MB stay on disk)"
  cuda_fetch "$downloads" "${wanted[@]}"
  for i in "${!wanted[@]}"; do
    file=$downloads/${wanted[i]}
    [ -e "$file" ] || die "'$file' is missing after its download"
    digest=$(sha256_of "$file")
    [ "$digest" != "${lock_digests[i]}" ] || continue
    rm -f -- "$file"
    die "${wanted[i]}: ci/cuda.lock wants sha256 ${lock_digests[i]}, the download has $digest; it is thrown away"
  done
}

# apt with a configuration of its own: other sources, lists and cache, and no look at what is installed. The machine's
# proxies and certificates stay in force. Signatures are checked as ever; ci/cuda.lock comes on top.
cuda_fetch() { # DOWNLOADS FILE...
  local downloads=$1 mirror keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  shift
  mirror=$(debian_mirror)
  [ -e "$keyring" ] || die "'$keyring' is missing; install the package debian-archive-keyring"
  local state=$downloads/apt
  mkdir -p -- "$state/lists/partial" "$state/cache/archives/partial"
  printf 'deb [arch=amd64 signed-by=%s] %s %s %s\n' "$keyring" "$mirror" "$lock_suite" "$lock_components" \
    >"$state/sources.list"
  cat >"$state/apt.conf" <<EOF
Dir::Etc::SourceList "$state/sources.list";
Dir::Etc::SourceParts "-";
Dir::State::Lists "$state/lists";
Dir::State::status "/dev/null";
Dir::Cache "$state/cache";
Dir::Cache::archives "archives";
APT::Architectures { "amd64"; };
Acquire::Languages "none";
Acquire::Retries "3";
// Hooks of the machine's own apt would work on the system's cache: container images empty it after each update.
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
EOF
  # As root, apt would download as the user _apt, who can't write into a home folder.
  [ "$(id -u)" != 0 ] || printf 'APT::Sandbox::User "root";\n' >>"$state/apt.conf"
  local apt=(apt-get -q -c "$state/apt.conf")
  attended "${apt[@]}" update >&2 \
    || die "apt could not read $lock_suite from the machine's own Debian mirror ($mirror); its message stands above"
  local file name version wanted=()
  for file; do
    IFS=_ read -r name version _ <<<"$file"
    wanted+=("$name=$version")
  done
  attended in_folder "$downloads" "${apt[@]}" download "${wanted[@]}" >&2 \
    || die "apt could not download the CUDA packages; the packages that came whole are kept, so run it again to go on. If the mirror no longer has these versions, bump ci/cuda.lock (CONTRIBUTING.md) or use --cuda-home"
}

in_folder() { # FOLDER COMMAND...
  cd -- "$1" || return
  shift
  "$@"
}

# The mirror that this machine already uses for its own release: no host is named in this repository, and a company's
# mirror or proxy keeps being used. Works without any list having been fetched.
debian_mirror() {
  local id codename
  id=$(os_release ID)
  codename=$(os_release VERSION_CODENAME)
  if [ "$id" != debian ] || [ "$(dpkg --print-architecture)" != amd64 ]; then
    die "CUDA is fetched only on Debian for amd64, and this is ${id:-an unknown system} for $(dpkg --print-architecture); install NVIDIA's CUDA toolkit and say --cuda-home DIR (or set CUDA_HOME)"
  fi
  local mirror empty
  empty=$(mktemp -d)
  mirror=$(apt-get --print-uris -o "Dir::State::Lists=$empty" update 2>/dev/null \
    | sed -n "s|^'\(.*\)/dists/$codename/InRelease'.*|\1|p" | head -n 1) || true
  rm -rf -- "$empty"
  [ -n "$mirror" ] || die "apt's own configuration names no mirror for '$codename'; add one, or use --cuda-home"
  printf '%s\n' "$mirror"
}

os_release() { # KEY
  awk -F= -v key="$1" '$1 == key { gsub(/"/, "", $2); print $2 }' /etc/os-release
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

unpack() { # DEB ROOT PATTERN...
  local deb=$1 root=$2
  shift 2
  dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$root" --no-same-owner --wildcards "$@"
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

cuda_source() { # DIGEST-OF-THE-LOCK
  local i
  printf '%s\n' "CUDA $lock_toolkit, unpacked by ci/setup from Debian $lock_suite's packages below ($lock_components)." \
    "NVIDIA's license applies: the CUDA Toolkit End User License Agreement." "lock $1"
  for i in "${!lock_files[@]}"; do printf 'deb %s %s\n' "${lock_digests[i]}" "${lock_files[i]}"; done
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
