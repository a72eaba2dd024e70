# shellcheck shell=bash
# UPX, which the option --upx needs: one that is there, or a private one in the cache. Debian 12 itself has none, its
# backports have 4.2.

# The first that packs libraries with more than two loadable segments (UPX's NEWS), and today's linkers write four.
upx_oldest=4.1

# Puts `upx` among the build tools, where PATH and llcuda-build look. Only --upx needs it, so where it can't be had that
# is said and the rest goes on.
upx_ensure() { # CACHE VENV
  local cache=$1 venv=$2 prefix found status
  lock_read upx
  prefix=$cache/upx-$lock_version
  if found=$(upx_of_machine "$cache"); then
    upx_link "$found" "$venv"
    return 0
  fi
  if ! private_is_current "$prefix"; then
    say "there is no UPX of $upx_oldest or newer on PATH: UPX $lock_version is put into the cache"
    # A child, so that `die` ends only it; not before `||`, where bash would forget the child's `set -e` too.
    set +e
    attended upx_private "$cache" "$prefix"
    status=$?
    set -e
    if [ "$status" != 0 ]; then
      say "going on without UPX: --upx will not work, everything else does"
      return 0
    fi
  fi
  upx_link "$prefix/bin/upx" "$venv"
}

upx_private() { # CACHE PREFIX
  set -e
  private_make upx "UPX $lock_version" "$2" "$1" 20 "0.6 MB; 2.5 MB stay on disk" \
    "install UPX $upx_oldest or newer"
}

# The first upx on PATH that is new enough and not ours.
upx_of_machine() { # CACHE
  local cache=$1 found version
  while IFS= read -r found; do
    case $(readlink -f -- "$found") in "$(readlink -f -- "$cache")"/*) continue ;; esac
    version=$("$found" --version 2>/dev/null | sed -n '1s/^upx \([0-9][0-9.]*\).*/\1/p') || true
    if [ -n "$version" ] && printf '%s\n' "$upx_oldest" "$version" | sort -C -V; then
      printf '%s\n' "$found"
      return 0
    fi
  done < <(type -P -a upx upx-ucl)
  return 1
}

upx_link() { # UPX VENV
  local upx=$1 link=$2/bin/upx
  [ "$(readlink -- "$link" || true)" != "$upx" ] || return 0
  ln -sfn -- "$upx" "$link.new"
  mv -fT -- "$link.new" "$link"
}

upx_unpack() { # DOWNLOADS ROOT
  mkdir -p -- "$2" || return
  unpack "$1/${lock_files[0]}" "$2" ./usr/bin/upx-ucl ./usr/share/doc/upx-ucl/copyright
}

upx_arrange() { # ROOT PREFIX
  mkdir -p -- "$2/bin"
  mv -- "$1/usr/bin/upx-ucl" "$2/bin/upx"
  mv -- "$1/usr/share/doc/upx-ucl/copyright" "$2/"
}

upx_license() {
  echo "GNU General Public License 2 or newer, with UPX's exception for what is packed; see the file copyright."
}

# A program that has been packed and runs: what it is for.
upx_try() { # PREFIX
  local prefix=$1 log
  log=$("$prefix/bin/upx" --version 2>&1) || die "the UPX just unpacked does not run on this machine: $log"
  log=$("$prefix/bin/upx" -qq -o "$prefix/.try" "$(readlink -f -- /bin/cat)" 2>&1 && "$prefix/.try" --version 2>&1) \
    || die "the UPX just unpacked can't pack a program: $log"
  rm -f -- "$prefix/.try"
}
