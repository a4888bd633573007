#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The kernel's own checkpatch.pl, --strict, over the driver. Debian has the
# script in no package but the kernel's whole source; the three files that are
# needed of it are cached.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=/dev/null
. "$here/../support/debian.sh"
cache=${nvgpuctl_cache:?set by debian.sh}/kmod

# Types that are not applied, and why.
ignored=(
  # region_layout.h is also compiled in user space, which has no BIT_ULL().
  BIT_MACRO
)

suite=trixie-backports
APT_CONFIG=$(apt_of "$suite") || skip "no package lists of Debian $suite"
export APT_CONFIG
package=$(field linux-source Depends | grep -o 'linux-source-[0-9.]*')
scripts=$cache/checkpatch/$package
if [ ! -d "$scripts" ]; then
  echo "downloading $package for its checkpatch.pl, once" >&2
  file=$(download "$cache/checkpatch" "$package") || skip "cannot download $package"
  rm -rf "$scripts.new"
  mkdir -p "$scripts.new"
  dpkg-deb --fsys-tarfile "$file" |
    tar -xO "./usr/src/$package.tar.xz" |
    nice -n 10 tar -xJ -C "$scripts.new" --strip-components=2 \
      "$package/scripts/checkpatch.pl" "$package/scripts/spelling.txt" \
      "$package/scripts/const_structs.checkpatch"
  mv "$scripts.new" "$scripts"
  rm "$file"
fi

cd "$here/../../kmod"
perl "$scripts/checkpatch.pl" --no-tree --strict --terse --show-types \
  --ignore "$(IFS=, && echo "${ignored[*]}")" -f -- *.c *.h probes/*.c
