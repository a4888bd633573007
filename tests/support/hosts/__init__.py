# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds directory trees that look like a host to a program run with --root."""
