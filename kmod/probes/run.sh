#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
#   run.sh FOLDER COMPILER FLAG...
#
# Compiles every probe in FOLDER and prints, as a C header, which ones this
# kernel can. What compilers said of the others goes to stderr, which Kbuild
# keeps beside the header. A probe that fails for a wrong reason would quietly
# leave a feature out: minimum.c must compile, and of the others only an error in
# the probe itself means that the kernel has not what it asks for. A compiler that
# was killed, say, ends it all.
set -eu

folder=$1
shift
# Messages are read below.
LC_ALL=C
export LC_ALL

# 0: this kernel has it; 1: it has not.
has() {
	echo "== $probe: $1" >&2
	if said=$("$@" -Werror -fsyntax-only -x c "$folder/$probe.c" 2>&1); then
		return 0
	fi
	echo "$said" >&2
	echo "$said" | grep -F "$folder/$probe.c:" | grep -q "error: " && return 1
	echo "probes/$probe.c: the compiler failed, and not because of what is in it" >&2
	exit 1
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
