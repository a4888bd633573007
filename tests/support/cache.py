# SPDX-License-Identifier: GPL-2.0-or-later
"""What is made once and kept, of which tests/support/debian.sh makes a part."""
import os
import pathlib

FOLDER = pathlib.Path(
    os.environ.get("NVGPUCTL_CACHE")
    or pathlib.Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "nvgpuctl")
