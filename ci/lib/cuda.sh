# shellcheck shell=bash
# Which CUDA toolkit to use: one that is there, or a private one in the cache (ci/lib/cuda-private.sh). Sets `cuda_home`.

cuda_ensure() { # CACHE CUDA-HOME-OPTION
  local cache=$1 option=$2 nvcc
  lock_read cuda
  local private=$cache/cuda-$lock_version
  if [ -n "$option" ]; then
    cuda_home=$option
    cuda_check "$cuda_home" "--cuda-home"
  elif [ -n "${CUDA_HOME:-}" ] && [ "$CUDA_HOME" != "$private" ]; then
    cuda_home=$CUDA_HOME
    cuda_check "$cuda_home" "CUDA_HOME"
  elif nvcc=$(type -P nvcc) && [ "$nvcc" != "$private/bin/nvcc" ]; then
    nvcc=$(readlink -f -- "$nvcc")
    cuda_home=${nvcc%/bin/nvcc}
    cuda_check "$cuda_home" "nvcc on PATH"
  else
    cuda_home=$private
    cuda_private_ensure "$cache" "$private"
  fi
}

# Refuses a toolkit that would fail an hour later: nvcc finds cicc and ptxas through nvcc.profile and PATH, and a copied
# or half-removed toolkit has an nvcc that runs but can't find them ("sh: 1: cicc: not found").
cuda_check() { # CUDA-HOME WHERE-IT-CAME-FROM
  local home=$1 from=$2 version
  [ -x "$home/bin/nvcc" ] \
    || die "'$home' ($from) has no bin/nvcc; name a CUDA toolkit's folder, or leave it out to have CUDA $lock_version installed privately"
  version=$("$home/bin/nvcc" --version 2>&1 | sed -n 's/.* release \([0-9.]*\),.*/\1/p') || true
  [ -n "$version" ] || die "'$home/bin/nvcc --version' ($from) does not name a CUDA release; is the toolkit whole?"
  cuda_reaches "$home"
  say "using CUDA $version in '$home' ($from)"
}

cuda_reaches() { # CUDA-HOME
  local home=$1 plan path tool
  plan=$("$home/bin/nvcc" -ccbin g++-12 --dryrun -x cu -c /dev/null -o /dev/null 2>&1) \
    || die "'$home/bin/nvcc --dryrun' fails: $(tail -n 1 <<<"$plan")"
  # From CUDA 12.9 on, nvcc calls cicc by $CICC_PATH; before that, by the PATH that it sets.
  path=$(sed -n 's/^#\$ CICC_PATH=//p' <<<"$plan"):$(sed -n 's/^#\$ PATH=//p' <<<"$plan" | tail -n 1)
  path=${path#:} # an empty element would mean the current folder
  for tool in cicc ptxas cudafe++ fatbinary; do
    PATH=$path type -P "$tool" >/dev/null \
      || die "'$home/bin/nvcc' can't find $tool; it looked in '$path'; repair that toolkit, or name another with --cuda-home"
  done
}
