#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/checks.md lists exactly the checks that validate and doctor can print."""
import re
import sys

from files import read

PAGE = "docs/checks.md"
TABLE = "nvgpuctl/core/check_table.cpp"
DOCTOR = "nvgpuctl/core/doctor.cpp"
BOOT = "nvgpuctl/core/boot_check.cpp"


def ids_of_code():
    table = re.findall(r'CheckInfo\{"([a-z0-9-]+)"', read(TABLE))
    doctor = re.findall(r'\b(?:pass|skip|miss|judge)\(\s*"([a-z0-9-]+)"', read(DOCTOR))
    boot = re.findall(r'"(boot-[a-z-]+)"', read(BOOT))
    return set(table), set(doctor), set(boot)


def ids_of_page():
    """What stands in the first column of the tables."""
    cells = re.findall(r"^\| ([a-z0-9, -]+) \|", read(PAGE), re.MULTILINE)
    return {name for cell in cells for name in cell.split(", ")} - {"id"}


def main():
    table, doctor, boot = ids_of_code()
    problems = [f"{path}: no check id was recognised"
                for path, ids in ((TABLE, table), (DOCTOR, doctor), (BOOT, boot)) if not ids]
    page = ids_of_page()
    problems += [f"{PAGE}: does not list {name}" for name in sorted((table | doctor | boot) - page)]
    problems += [f"{PAGE}: there is no check {name}" for name in sorted(page - table - doctor - boot)]
    print("\n".join(problems) or f"checks: {len(page)} ids, all documented")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
