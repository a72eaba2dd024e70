# shellcheck shell=bash
# What ci/setup, ci/release and ci/test share: messages, and children that stop when the script is told to stop.

# Everything said goes to standard error: standard output belongs to --print-env and to the tool's own results.
me=${0##*/}
say() { printf '%s: %s\n' "$me" "$*" >&2; }

# The exit codes are llcuda-build's own (README.md), since ci/release stands in for it: 5 a tool is missing, 6 a disk is
# full, 64 the command line is wrong.
fail() { # EXIT-CODE MESSAGE...
  local code=$1
  shift
  printf '%s: error: %s\n' "$me" "$*" >&2
  exit "$code"
}
die() { fail 5 "$@"; }
usage_error() { fail 64 "$@"; }

# bash holds a trap back while a child runs in the foreground, so a SIGTERM from a CI service would be answered only
# after a download of a gigabyte. `attended` runs the child in the background and waits for it, so that `stop` can act.
# Not for apt-get install: dpkg must not be killed half-way.
attended_pid=
attended() {
  "$@" &
  attended_pid=$!
  local status=0
  wait "$attended_pid" || status=$?
  attended_pid=
  return "$status"
}

process_tree() { # PID
  local child children
  printf '%s\n' "$1"
  children=$(cat "/proc/$1/task"/*/children 2>/dev/null) || true
  for child in $children; do process_tree "$child"; done
}

stop() { # SIGNAL EXIT-STATUS
  trap - INT TERM HUP
  if [ -n "$attended_pid" ]; then
    # The child first, since another script of ours ends its own children in good order; then whatever it left running:
    # `swift test` starts the tests in a process group of their own and forgets them.
    local tree pid
    tree=$(process_tree "$attended_pid")
    kill -TERM "$attended_pid" 2>/dev/null || true
    wait "$attended_pid" 2>/dev/null || true
    for pid in $tree; do kill -TERM "$pid" 2>/dev/null || true; done
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
  local folder=${LLCUDA_CACHE:-${XDG_CACHE_HOME:-${HOME:-}/.cache}/llcuda-build}
  case $folder in
    /.cache/*) die "neither LLCUDA_CACHE nor HOME is set; set one of them" ;;
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
    || fail 6 "$3 needs $2 MB in '$1', where $free MB are free; make room, or set LLCUDA_CACHE to a folder on another disk"
}

# Runs ci/setup with the given options and takes its variables over. Needs $here, the folder ci/.
# shellcheck disable=SC2120 # ci/test gives it no options
set_up() {
  local file status=0
  file=$(mktemp)
  attended "$here/setup" --print-env "$@" >"$file" || status=$?
  if [ "$status" = 0 ]; then
    # shellcheck source=/dev/null
    . "$file"
  fi
  rm -f -- "$file"
  [ "$status" = 0 ] || exit "$status"
}
