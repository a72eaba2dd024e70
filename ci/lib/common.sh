# shellcheck shell=bash
# What ci/setup, ci/release and ci/test share: messages, and children that stop when the script is told to stop.

# Everything said goes to standard error: standard output belongs to --print-env and to the tool's own results.
me=${0##*/}
say() { printf '%s: %s\n' "$me" "$*" >&2; }
die() {
  printf '%s: error: %s\n' "$me" "$*" >&2
  exit 1
}
usage_error() {
  printf '%s: %s\n' "$me" "$*" >&2
  exit 64
}

# bash holds a trap back while a child runs in the foreground, so a SIGTERM from a CI service would be answered only
# after a download of a gigabyte. `attended` runs the child in the background in a process group of its own, waits for
# it, and passes the signal on to all of the group. Not for apt-get install: dpkg must not be killed half-way.
attended_pid=
attended() {
  set -m
  "$@" &
  attended_pid=$!
  set +m
  local status=0
  wait "$attended_pid" || status=$?
  attended_pid=
  return "$status"
}

stop() { # SIGNAL EXIT-STATUS
  trap - INT TERM HUP
  if [ -n "$attended_pid" ]; then
    kill -TERM -- "-$attended_pid" 2>/dev/null || true
    wait "$attended_pid" 2>/dev/null || true
  fi
  say "stopped by SIG$1; run it again to go on"
  exit "$2"
}
trap 'stop INT 130' INT
trap 'stop TERM 143' TERM
trap 'stop HUP 129' HUP

# The folder for what is downloaded and kept between runs, made absolute. Its name goes into PATH and into nvcc's
# own command lines, which both split it at the wrong places when it holds a blank or a colon.
cache_folder() {
  local folder=${LLCUDA_CACHE:-${XDG_CACHE_HOME:-${HOME:?neither LLCUDA_CACHE nor HOME is set}/.cache}/llcuda-build}
  case $folder in
    /*) ;;
    *) folder=$PWD/$folder ;;
  esac
  case $folder in
    *[[:space:]:\"\'\\]*) die "the cache folder '$folder' has a blank, colon or quote in its name; set LLCUDA_CACHE to another" ;;
  esac
  printf '%s\n' "${folder%/}"
}

sha256_of() { # FILE
  local sum
  sum=$(sha256sum -- "$1")
  sum=${sum#\\}
  printf '%s\n' "${sum%% *}"
}

need_space() { # FOLDER MEGABYTES WHAT-FOR
  local free
  free=$(df -Pm -- "$1" | awk 'NR == 2 { print $4 }')
  [ "$free" -ge "$2" ] \
    || die "$3 needs $2 MB in '$1', where $free MB are free; make room, or set LLCUDA_CACHE to a folder on another disk"
}
