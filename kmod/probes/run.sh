#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
#   run.sh FOLDER COMPILER FLAG...
#
# Compiles every probe in FOLDER and prints, as a C header, which ones this
# kernel can. What compilers said of the others goes to stderr, which Kbuild
# keeps beside the header. A probe that fails for a wrong reason would quietly
# leave a feature out; minimum.c is there to notice.
set -eu

folder=$1
shift

has() {
	echo "== $1" >&2
	"$@" -Werror -fsyntax-only -x c "$folder/$probe.c" >&2
}

probe=minimum
has "$@" || exit 1

echo "/* Made by probes/run.sh: what this kernel has. */"
for file in "$folder"/*.c; do
	probe=$(basename "$file" .c)
	[ "$probe" != minimum ] || continue
	name=NVGPU_HAVE_$(echo "$probe" | tr '[:lower:]' '[:upper:]')
	if has "$@"; then
		echo "#define $name 1"
	else
		echo "/* $name: no */"
	fi
done
