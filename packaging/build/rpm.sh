# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by package.sh: RPMs, source and binary. The compiler's flags are those of
# debian/rules, so that what the Debian packages have compiled is not compiled again.
build_packages() {
  local options=(--with werror)
  [ "${check:?}" = yes ] || options+=(--without check)
  sed -i "s/^\(Version: *\).*/\1${version:?}/" "${source:?}/packaging/rpm/nvgpuctl.spec"
  cp "$source/packaging/rpm"/* "$source/packaging/build/rpmlint.toml" "${work:?}"
  tar -C "$work" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@${epoch:?}" \
    -c "nvgpuctl-$version" | gzip -n >"$work/nvgpuctl-$version.tar.gz"
  # shellcheck disable=SC2016  # the shell inside expands these
  chrooted /usr/bin/env "SOURCE_DATE_EPOCH=$epoch" "RPM_BUILD_NCPUS=${jobs:?}" bash -euc '
    cd "/build/nvgpuctl-$1"
    shift
    export DEB_BUILD_MAINT_OPTIONS=hardening=+all DEB_CXXFLAGS_MAINT_APPEND=-g1
    flags="$(dpkg-buildflags --get CXXFLAGS) $(dpkg-buildflags --get CPPFLAGS)"
    cd /build
    # Names of packages are Fedora'\''s, and no RPM is installed here.
    rpmbuild --nodeps --load=debian.macros --define "optflags $flags" \
      --define "_topdir /build/rpm" --define "_builddir /build" --define "_sourcedir /build" \
      --define "_dbpath /build/rpm/db" --define "_buildhost localhost" \
      --define "use_source_date_epoch_as_buildtime 1" \
      --define "clamp_mtime_to_source_date_epoch 1" "$@" -ba nvgpuctl.spec
    rpmlint --config rpmlint.toml nvgpuctl.spec rpm/SRPMS/*.rpm rpm/RPMS/*/*.rpm
    ' bash "$version" "${options[@]}"
}

keep_packages() { mv "${work:?}"/rpm/SRPMS/*.rpm "$work"/rpm/RPMS/*/*.rpm "$1"; }
