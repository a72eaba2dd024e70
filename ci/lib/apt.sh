# shellcheck shell=bash
# System packages: the only part of ci/setup that touches the system, and so the only one that needs root.

# Package, then why it is needed. Nothing else of the system is assumed beyond Debian's essential packages and Swift.
system_packages() {
  cat <<'EOF'
pkg-config      SwiftPM finds the C libraries below with it
libarchive-dev  tarballs are written and every archive is read with it
libdeflate-dev  wheels and .tar.gz are deflated with it
zlib1g-dev      deflated archives are read with it
libssl-dev      SHA-256
libzstd-dev     kernels are compressed with it
liblz4-dev      kernels that nvcc compressed are read with it
liblzma-dev     kernels are packed with it in layout packed
gcc-12          the newest host compiler that CUDA 12.4 takes is 13, and every supported system has 12
g++-12          as gcc-12
binutils        objcopy and strip
git             llama.cpp from a git URL
ccache          a build folder that is made anew finds whole objects with it
ca-certificates pip and git over TLS
python3         the build tools below come as Python packages
python3-venv    keeps them in a folder of their own
EOF
}

system_ensure() {
  command -v dpkg-query >/dev/null || die "this system has no dpkg; only Debian 12+ and Ubuntu 22.04+ are set up by this script. Install by hand: $(system_packages | awk '{ printf "%s ", $1 }')"
  local wanted installed missing=() package why
  wanted=$(system_packages)
  # shellcheck disable=SC2046 # one word per package is what is wanted
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $(awk '{ print $1 }' <<<"$wanted") 2>/dev/null) || true
  while read -r package why; do
    grep -qxF "installed $package" <<<"$installed" && continue
    missing+=("$package")
    say "needs $package: $why"
  done <<<"$wanted"
  [ ${#missing[@]} -gt 0 ] || return 0
  system_install "${missing[@]}"
}

system_install() { # PACKAGE...
  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    if command -v sudo >/dev/null && { sudo -n true || : </dev/tty; } 2>/dev/null; then
      as_root=(sudo)
    else
      say "installing system packages needs root, and there is no sudo; run this as root, then ci/setup again:"
      say "  apt-get update && apt-get install --no-install-recommends -y $*"
      exit 5
    fi
  fi
  # A CI job beside this one may hold dpkg's lock for a while: wait for it instead of failing.
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive LC_ALL=C
    apt-get -o DPkg::Lock::Timeout=300 --no-install-recommends)
  # The list of packages is fetched only when it has never been, or names versions that the mirror no longer has.
  local plan
  if ! plan=$("${apt[@]}" --print-uris -y install "$@" 2>/dev/null); then
    say "fetching the list of system packages (apt-get update)"
    "${apt[@]}" -q update >&2 || die "apt-get update failed; its message stands above"
    plan=$("${apt[@]}" --print-uris -y install "$@" 2>&1) || die "apt-get knows no such packages: $(grep '^E:' <<<"$plan")"
  fi
  say "installing with apt-get: $*"
  grep -E '^(Need to get|After this operation)' <<<"$plan" >&2 || true
  if ! "${apt[@]}" -q -y install "$@" >&2; then
    say "trying again with a fresh list of packages"
    { "${apt[@]}" -q update && "${apt[@]}" -q -y install "$@"; } >&2 \
      || die "apt-get could not install: $*; its message stands above"
  fi
}
