#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# package.sh deb|rpm [--suite SUITE] [--arch ARCH] [--as-version X.Y.Z] [--check]
#                    [--ccache]
#
# Builds packages of the files as they are here, in a clean Debian tree, into
# build/packages/SUITE-ARCH/ (rpm: build/packages/rpm/). --as-version gives them
# another version, for trying upgrades; --check also builds and runs the unit tests.
# --ccache is for tests: what is the same in the preset dev is not compiled again, and
# keeps that tree's name in its debug information.
# Needs root. Exit code 77 means: not possible here, and why is on stderr.
# shellcheck disable=SC2034  # deb.sh and rpm.sh use them
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)

die() { echo "package.sh: $*" >&2; exit 2; }

kind=${1:-} suite=bookworm arch=$(dpkg --print-architecture) version='' check=no
ccache=''
[ $# -eq 0 ] || shift
while [ $# -gt 0 ]; do
  case $1 in
    --suite) suite=${2:?} && shift ;;
    --arch) arch=${2:?} && shift ;;
    --as-version) version=${2:?} && shift ;;
    --check) check=yes ;;
    --ccache) ccache=${CCACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/ccache} ;;
    *) die "unknown word: $1" ;;
  esac
  shift
done
project_version=$(sed -n 's/^project(nvgpuctl VERSION \([0-9.]*\).*/\1/p' "$top/CMakeLists.txt")
version=${version:-$project_version}
case $kind in
  deb) name=$suite-$arch ;;
  rpm)
    [ "$suite $arch" = "bookworm $(dpkg --print-architecture)" ] ||
      die "RPMs are built in bookworm, for this machine"
    name=rpm
    ;;
  *) die "usage: package.sh deb|rpm [--suite SUITE] [--arch ARCH] [--as-version X.Y.Z] [--check] [--ccache]" ;;
esac
[ "$version" = "$project_version" ] || name+=-$version
root=$("$here/roots.sh" build "$suite" "$arch")

# What builds have left that were killed.
find "${TMPDIR:-/tmp}" -ignore_readdir_race -maxdepth 1 -name 'nvgpuctl-package-??????' -user "$(id -u)" \
  -mmin +240 -exec rm -rf {} +
# The sources, under a name that is the same everywhere: it gets into what is built.
work=$(mktemp -d "${TMPDIR:-/tmp}/nvgpuctl-package-XXXXXX")
trap 'rm -rf "$work"' EXIT
source=$work/nvgpuctl-$version
mkdir "$source"
(cd "$top" && /usr/bin/python3 tests/lint/files.py -0 '*' |
  tar --null -T - -c) | tar -x -C "$source"
if [ "$version" != "$project_version" ]; then
  sed -i "/^project(/s/$project_version/$version/" "$source/CMakeLists.txt"
  sed -i "s/\"$project_version\"/\"$version\"/" "$source/kmod/version.h"
fi
# Nothing of a file but its content may matter.
epoch=$(date -d "$(sed -n 's/^ -- .*>  //p' "$top/packaging/debian/changelog" | head -n 1)" +%s)
chmod -R u=rwX,go=rX "$source"
find "$source" -exec touch -h -d "@$epoch" {} +

# Mounts are seen by nobody else and go with the last process; the tree itself is
# read-only. With two processors and others at work, the build is a nice one.
# shellcheck disable=SC2016  # the shell inside expands these
in_root='
mount --bind "$1" "$1"
mount --bind "$2" "$1/build"
[ -z "$3" ] || mount --bind "$3" "$1/ccache"
mount -o remount,bind,ro "$1"
mount -t proc proc "$1/proc"
for folder in tmp run var/tmp; do mount -t tmpfs tmpfs "$1/$folder"; done
mount --bind /dev "$1/dev"
shift 3
exec nice chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin LC_ALL=C.UTF-8 \
  HOME=/tmp CCACHE_DIR=/ccache $no_ccache "$@"'
if [ -n "$ccache" ]; then mkdir -p "$ccache"; fi
no_ccache=$([ -n "$ccache" ] || echo CCACHE_DISABLE=1)
export root no_ccache

chrooted() {
  setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child bash -euc \
    "$in_root" bash "$root" "$work" "$ccache" "$@"
}

jobs=$(nproc)
log=$top/build/packages/$name.log
mkdir -p "${log%/*}"
# shellcheck source=/dev/null
. "$here/$kind.sh"
status=0
build_packages >"$log" 2>&1 || status=$?
if [ $status != 0 ]; then
  tail -n 40 "$log" >&2
  echo "package.sh: the build failed; all of it is in $log" >&2
  exit 1
fi
target=$top/build/packages/$name
rm -rf "$target"
mkdir -p "$target"
keep_packages "$target"
echo "in $target:"
(cd "$target" && sha256sum -- *)
