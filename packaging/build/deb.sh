# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by package.sh: Debian packages.

# Each suite's packages have a version of their own, lower than that of newer
# suites, so that an upgrade of the host is one of them, too.
build_packages() {
  local options="parallel=${jobs:?}" profiles='' flags=(-us -uc -b) number
  case ${suite:?} in bookworm) number=12 ;; trixie) number=13 ;; forky) number=14 ;; esac
  [ "$suite" != bookworm ] || options+=' werror'
  [ "${check:?}" = yes ] || options+=' nocheck' profiles=nocheck
  [ "${version:?}" = "${project_version:?}" ] || options+=' noautodbgsym'
  # debhelper's packages for compiling are not all marked as good for crossing.
  [ "${arch:?}" = "$(dpkg --print-architecture)" ] || flags+=(-d "-a$arch")
  # Without the version, which would get into the compiler's arguments: what one
  # version has compiled is not compiled again for another.
  mv "${source:?}" "${work:?}/nvgpuctl"
  source=$work/nvgpuctl
  mv "$source/packaging/debian" "$source/debian"
  sed -i "1s/.*/nvgpuctl (${version:?}-1~deb$number) $suite; urgency=medium/" \
    "$source/debian/changelog"
  touch -d "@${epoch:?}" "$source/debian/changelog" "$source/debian"
  # shellcheck disable=SC2016  # the shell inside expands these
  chrooted /usr/bin/env "DEB_BUILD_OPTIONS=$options" \
    "DEB_BUILD_PROFILES=$profiles" bash -euc '
    cd /build/nvgpuctl
    dpkg-buildpackage "$@"
    cd ..
    # One suite overrides what the lintian of another has never heard of. Spelling errors
    # in the program are no words: some compilers put pieces of short constants into their
    # instructions. An override would be an error where they do not.
    lintian --display-info --fail-on error,warning,info --allow-root \
      --suppress-tags alien-tag,spelling-error-in-binary *.changes
    ' bash "${flags[@]}"
}

keep_packages() { mv "${work:?}"/*.deb "$work"/*.changes "$work"/*.buildinfo "$1"; }
