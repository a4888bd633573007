#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
#   collection.sh   prints a folder with the XML files of libvirt's own tests
#
# They come from Debian's source package, of the newest suite that has it, and
# are cached like the trees of roots.sh. Needs no root. Exit code 77: not
# possible here.
set -euo pipefail

# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/../support/debian.sh"
lists=${nvgpuctl_cache:?set by debian.sh}/apt

# An apt configuration of its own for sources: the lists of a suite's packages
# need not grow for everybody else.
sources_of() {  # SUITE
  local state=$lists/$1-sources mirror binary
  binary=$(apt_of "$1") || return 1
  mirror=$(find_mirror) || return 1
  mkdir -p "$state"/{etc/apt.conf.d,etc/preferences.d,lists/partial,archives/partial}
  : >"$state/status"
  echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $1 main" \
    >"$state/etc/sources.list"
  sed "s#$lists/$1#$state#" "$binary" >"$state/apt.conf"
  APT_CONFIG=$state/apt.conf apt-get -qq --error-on=any update >&2 || return 1
  echo "$state/apt.conf"
}

fetch() {  # SUITE DIRECTORY
  local config tar
  config=$(sources_of "$1") || return 1
  mkdir -p "$2"
  # Without the patches: they do not touch the tests.
  (cd "$2" && APT_CONFIG=$config apt-get -qq source --download-only --tar-only \
    libvirt >&2) || return 1
  tar=$(find "$2" -name 'libvirt_*.orig.tar.*' ! -name '*.asc')
  tar -x -C "$2" --wildcards --strip-components=1 -f "$tar" '*/tests/*/*.xml' ||
    return 1
  tar=${tar##*/libvirt_}
  echo "${tar%.orig.*}" >"$2/version"
  rm "$2"/libvirt_*
}

make_collection() {  # DIRECTORY
  local suite
  for suite in forky trixie; do
    rm -rf "$1"
    ! fetch "$suite" "$1" || break
  done
  [ -e "$1/version" ] || skip "no source package of libvirt could be downloaded"
}

made_once collection newest make_collection
