# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sourced: Debian packages and trees of other suites, without touching this
# machine's apt. They come from where its apt gets its own packages. Old
# snapshots of the archive are fine: nothing here is exposed to anybody.

nvgpuctl_cache=${NVGPUCTL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/nvgpuctl}
# For programs in chroots, which have no locales.
export LC_ALL=C
# A script that stops at the first failure means those in $(...), too.
shopt -s inherit_errexit

# Exit code 77 means: not possible here.
skip() {
  echo "${0##*/}: $*" >&2
  exit 77
}

# apt knows where its packages come from, in whatever format that is written.
find_mirror() {
  local here line
  # shellcheck source=/dev/null
  here=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  # shellcheck disable=SC2016  # apt expands these, not the shell
  line=$(env -u APT_CONFIG apt-get indextargets \
    --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' \
    'Created-By: Packages' 'Origin: Debian' 2>/dev/null |
    grep -m 1 "^$here main " || true)
  [ -n "$line" ] ||
    skip "apt has no package lists of Debian $here; run apt-get update"
  echo "${line##* }"
}

# made_once FOLDER NAME MAKER [ARGUMENT...]: prints the path of a directory in FOLDER of
# the cache. Where it is missing, MAKER DIRECTORY ARGUMENT... makes it. Its name changes
# with the calling script and with this one.
made_once() {
  local folder=$nvgpuctl_cache/$1 name=$2 maker=$3 target new
  shift 3
  new=$folder/.new-$name
  target=$folder/$name-$(cat -- "$0" "${BASH_SOURCE[0]}" | sha256sum | head -c 12)
  mkdir -p "$folder"
  (
    [ ! -d "$target" ] || exit 0
    flock 9
    # Somebody else may have made it by now.
    [ ! -d "$target" ] || exit 0
    # With the lock held, an unfinished one is what an interrupted run left;
    # finished ones of older scripts go after a week.
    rm -rf "$new"
    find "$folder" -maxdepth 1 -name "$name-????????????" -mtime +7 \
      -exec rm -rf {} +
    echo "${0##*/}: making $name, once" >&2
    "$maker" "$new" "$@"
    mv "$new" "$target"
  ) 9>"$folder/.lock-$name"
  touch -c "$target" 2>/dev/null || true
  echo "$target"
}

# debian_root SUITE DIRECTORY PACKAGES MMDEBSTRAP-OPTION...: a tree with the packages,
# which are separated by commas or spaces.
debian_root() {
  local suite=$1 directory=$2 packages=$3 mirror path options=()
  shift 3
  command -v mmdebstrap >/dev/null || skip "mmdebstrap is not installed"
  [ "$(id -u)" = 0 ] || skip "making a Debian $suite tree needs root"
  mirror=$(find_mirror) || exit $?
  for path in doc locale info icons; do
    options+=("--dpkgopt=path-exclude=/usr/share/$path/*")
  done
  # In namespaces of its own and dying with the caller, so that an interruption
  # leaves neither mounts nor processes behind.
  setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child \
    env -u APT_CONFIG mmdebstrap --quiet --mode=root --format=directory \
    --aptopt='Acquire::Check-Valid-Until "false"' \
    --aptopt='APT::Install-Recommends "false"' \
    --aptopt='Acquire::Languages "none"' "${options[@]}" "$@" \
    --include="$(printf %s "$packages" | tr -s ' \n' ,)" "$suite" "$directory" \
    "deb $mirror $suite main" >&2
}

# extract_root SUITE DIRECTORY PACKAGES [MMDEBSTRAP-OPTION...]: a tree with the
# packages, which are unpacked and not installed: no script of theirs ever runs.
extract_root() {
  debian_root "$1" "$2" "$3" --variant=extract \
    --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
    '--dpkgopt=path-exclude=/usr/share/man/*' "${@:4}"
}

# write_new FILE: standard input, where it is not in the file already. apt would read
# all lists anew, for seconds, because a file of its configuration is younger.
write_new() {
  local text
  text=$(cat)
  [ -e "$1" ] && [ "$(cat "$1")" = "$text" ] || echo "$text" >"$1"
}

# apt_of SUITE: prints the path of an apt configuration that knows SUITE, and
# nothing of this machine. Lists are fetched again after a day.
apt_of() {
  local state=$nvgpuctl_cache/apt/$1 here mirror
  here=$(dpkg --print-architecture)
  mirror=$(find_mirror) || exit $?
  mkdir -p "$state"/{etc/apt.conf.d,etc/preferences.d,lists/partial,archives/partial}
  [ -e "$state/status" ] || : >"$state/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $1 main" |
    write_new "$state/etc/sources.list"
  write_new "$state/apt.conf" <<CONF
Dir::Etc "$state/etc";
Dir::State "$state";
Dir::State::Lists "$state/lists";
Dir::State::status "$state/status";
Dir::Cache "$state";
APT::Architecture "$here";
APT::Architectures { "$here"; "arm64"; };
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
CONF
  (
    flock 8
    [ -z "$(find "$state/updated" -mtime -1 2>/dev/null)" ] || exit 0
    # Without this apt-get succeeds without a network, and with empty lists.
    APT_CONFIG=$state/apt.conf apt-get -qq --error-on=any update >&2 8>&- || exit 1
    touch "$state/updated"
  ) 8>"$state/.lock" || return 1
  echo "$state/apt.conf"
}

# field PACKAGE FIELD: of the newest version that APT_CONFIG knows.
field() {
  apt-cache show --no-all-versions "$1" | sed -n "s/^$2: //p" | head -n 1
}

# download FOLDER PACKAGE...: prints the files' paths; downloads what is not there.
download() {
  local folder=$1 package version file
  shift
  mkdir -p "$folder"
  for package in "$@"; do
    version=$(field "$package" Version)
    [ -n "$version" ] || { echo "no package $package" >&2; return 1; }
    # An epoch's colon is escaped in file names.
    file=$folder/${package%%:*}_${version//:/%3a}_$(field "$package" Architecture).deb
    if [ ! -e "$file" ]; then
      (cd "$folder" && apt-get -qq download "$package" >&2) || return 1
    fi
    echo "$file"
  done
}
