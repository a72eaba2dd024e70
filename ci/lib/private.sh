# shellcheck shell=bash
# Programs in the user's cache, made of Debian's own packages without installing them: of another release than the
# machine's, pinned in a lock file, and without root.
#
# For each program NAME there is a lock file ci/NAME.lock and these functions:
#   NAME_unpack DOWNLOADS ROOT   takes what is needed out of the packages; bash forgets `set -e` in it
#   NAME_arrange ROOT PREFIX     moves it to where it is used
#   NAME_try PREFIX              dies if it doesn't work
#   NAME_license                 prints one line

# Reads ci/NAME.lock into lock_version, lock_suite, lock_components, lock_digest (of the lock file itself) and the arrays
# lock_files and lock_digests. The first word of the line with the version is NAME, or `toolkit`.
lock_read() { # NAME
  local name=$1 key value file line=0 lock=$here/$1.lock
  lock_version='' lock_suite='' lock_components='' lock_files=() lock_digests=()
  while read -r key value file; do
    line=$((line + 1))
    case $key in
      '' | '#'*) ;;
      toolkit | "$name") lock_version=$value ;;
      suite) lock_suite=$value ;;
      components) lock_components=$value${file:+ $file} ;;
      deb)
        [[ $value =~ ^[0-9a-f]{64}$ && $file =~ ^[a-z0-9+.-]+_[^_/]+_(all|amd64)\.deb$ ]] \
          || die "ci/$name.lock, line $line: not 'deb SHA256 NAME_VERSION_ARCH.deb'"
        lock_digests+=("$value")
        lock_files+=("$file")
        ;;
      *) die "ci/$name.lock, line $line: unknown key '$key'" ;;
    esac
  done <"$lock"
  if [ -z "$lock_version" ] || [ -z "$lock_components" ] || [ -z "$lock_suite" ] || [ ${#lock_files[@]} = 0 ]; then
    die "ci/$name.lock lacks its version, suite, components or packages"
  fi
  lock_digest=$(sha256_of "$lock")
}

# Whether a folder was made from the lock file as it is now.
private_is_current() { # PREFIX
  grep -qxF "lock $lock_digest" "$1/SOURCE.txt" 2>/dev/null
}

# Makes the folder of the program whose lock file was read last: it appears whole, tried out, or not at all.
private_make() { # NAME TITLE PREFIX CACHE SPACE-IN-MB SIZES WAY-OUT
  local name=$1 title=$2 prefix=$3 cache=$4 space=$5 sizes=$6 way_out=$7
  local downloads=$cache/downloads/$name-$lock_version new=$prefix.new.$BASHPID
  # Left by runs that were killed outright; nobody else is at it, since ci/setup holds the cache's lock.
  rm -rf -- "$prefix".new.* "$prefix".old.*
  # shellcheck disable=SC2064 # the name as it is now
  trap "rm -rf -- '$new'" EXIT

  need_space "$cache" "$space" "$title"
  private_download "$downloads"
  mkdir -p -- "$new"
  attended "${name}_unpack" "$downloads" "$new/.root" || die "could not unpack the packages of $title in '$downloads'"
  "${name}_arrange" "$new/.root" "$new"
  rm -rf -- "$new/.root"
  private_source >"$new/SOURCE.txt"
  "${name}_try" "$new"

  # On disk before it gets its name: a power cut must not leave a folder with the right name and empty files.
  sync -f "$new/SOURCE.txt"
  if [ -e "$prefix" ]; then mv -T -- "$prefix" "$prefix.old.$BASHPID"; fi
  mv -T -- "$new" "$prefix"
  trap - EXIT
  rm -rf -- "$prefix.old.$BASHPID" "$downloads"
  say "$title is in '$prefix'"
}

private_source() {
  local i
  printf '%s\n' "$title, unpacked by ci/setup from Debian $lock_suite's packages below ($lock_components)." \
    "$("${name}_license")" "lock $lock_digest"
  for i in "${!lock_files[@]}"; do printf 'deb %s %s\n' "${lock_digests[i]}" "${lock_files[i]}"; done
}

# Downloads what is missing or damaged, and checks it against the lock file.
private_download() { # DOWNLOADS
  local downloads=$1 wanted=() file digest i
  mkdir -p -- "$downloads"
  for i in "${!lock_files[@]}"; do
    file=$downloads/${lock_files[i]}
    if [ -e "$file" ] && [ "$(sha256_of "$file")" = "${lock_digests[i]}" ]; then continue; fi
    # A partial file is thrown away: apt resumes one only if its date is the mirror's, which a killed download's is not,
    # and takes a damaged file of the right size for a good one.
    rm -f -- "$file"
    wanted[i]=${lock_files[i]}
  done
  [ ${#wanted[@]} -gt 0 ] || return 0
  say "fetching ${#wanted[@]} of ${#lock_files[@]} packages from Debian's archive ($lock_components; $sizes)"
  private_fetch "$downloads" "${wanted[@]}"
  for i in "${!wanted[@]}"; do
    file=$downloads/${wanted[i]}
    [ -e "$file" ] || die "'$file' is missing after its download"
    digest=$(sha256_of "$file")
    [ "$digest" != "${lock_digests[i]}" ] || continue
    rm -f -- "$file"
    die "${wanted[i]}: ci/$name.lock wants sha256 ${lock_digests[i]}, the download has $digest; it is thrown away"
  done
}

# apt with a configuration of its own: other sources, lists and cache, and no look at what is installed. The machine's
# proxies and certificates stay in force. Signatures are checked as ever; the lock file comes on top.
private_fetch() { # DOWNLOADS FILE...
  local downloads=$1 mirror keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  shift
  mirror=$(debian_mirror) || exit
  [ -e "$keyring" ] || die "'$keyring' is missing; install the package debian-archive-keyring"
  local state=$downloads/apt
  mkdir -p -- "$state/lists/partial" "$state/cache/archives/partial"
  printf 'deb [arch=amd64 signed-by=%s] %s %s %s\n' "$keyring" "$mirror" "$lock_suite" "$lock_components" \
    >"$state/sources.list"
  cat >"$state/apt.conf" <<EOT
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
EOT
  # As root, apt would download as the user _apt, who can't write into a home folder.
  [ "$(id -u)" != 0 ] || printf 'APT::Sandbox::User "root";\n' >>"$state/apt.conf"
  local apt=(apt-get -q -c "$state/apt.conf")
  attended "${apt[@]}" update >&2 \
    || die "apt could not read $lock_suite from the machine's own Debian mirror ($mirror); its message stands above"
  local file package version wanted=()
  for file; do
    IFS=_ read -r package version _ <<<"$file"
    wanted+=("$package=$version")
  done
  attended in_folder "$downloads" "${apt[@]}" download "${wanted[@]}" >&2 \
    || die "apt could not download the packages of $title; those that came whole are kept, so run it again to go on. If the mirror no longer has these versions, bump ci/$name.lock (CONTRIBUTING.md) or $way_out"
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
    die "$title is fetched only on Debian for amd64, and this is ${id:-an unknown system} for $(dpkg --print-architecture); $way_out"
  fi
  local mirror empty
  empty=$(mktemp -d)
  mirror=$(apt-get --print-uris -o "Dir::State::Lists=$empty" update 2>/dev/null \
    | sed -n "s|^'\(.*\)/dists/$codename/InRelease'.*|\1|p" | head -n 1) || true
  rm -rf -- "$empty"
  [ -n "$mirror" ] || die "apt's own configuration names no mirror for '$codename'; add one, or $way_out"
  printf '%s\n' "$mirror"
}

os_release() { # KEY
  awk -F= -v key="$1" '$1 == key { gsub(/"/, "", $2); print $2 }' /etc/os-release
}

unpack() { # DEB ROOT PATTERN...
  local deb=$1 root=$2
  shift 2
  dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$root" --no-same-owner --wildcards "$@"
}
