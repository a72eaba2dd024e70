# shellcheck shell=bash
# Other people's wheels for the tests of `inspect`, as pinned in ci/wheels.txt, in the cache: about 19 MB.

wheels_ensure() { # CACHE
  local list=$here/wheels.txt folder new
  folder=$1/wheels-$(sha256_of "$list" | cut -c 1-12)
  if [ ! -d "$folder" ]; then
    new=$folder.new.$$
    rm -rf -- "$folder".new.*
    # One platform and version for all machines, so that the digests are always the same files'.
    attended python3 -m pip download -q --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
      --python-version 3.11 --platform manylinux_2_28_x86_64 --platform manylinux_2_17_x86_64 \
      --platform manylinux2014_x86_64 -r "$list" -d "$new" >&2 \
      || die "pip could not download the wheels of ci/wheels.txt; its message stands above"
    mv -- "$new" "$folder"
  fi
  export LLCUDA_TEST_WHEELS=$folder
}
