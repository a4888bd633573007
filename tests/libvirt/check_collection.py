#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Merges GPUs into every domain of libvirt's own tests, and takes them out.

    check_collection.py MERGE_COLLECTION DOCS_PAGE [--update]

Each domain must be merged into, stay valid by the schema of libvirt 12.8 if it
was valid, break no rule of `xml lint` that it did not break before, be the same
when merged again and be what it was after the unmerge;
or it must be refused for a reason that has a name. The counts are the table in
DOCS_PAGE, which --update rewrites. Most of the domains are for x86, so that all
are tried twice: as they are, and made over for aarch64.
Exit code 77: not possible here.
"""
import collections
import pathlib
import re
import subprocess
import sys
import tempfile

import check_domains

PROFILES = ("native", "hybrid", "legacy", "native-4-gpus")
# A document whose root is <domain>, whatever comments stand before it.
ROOT = re.compile(rb"(\s|<\?.*?\?>|<!--.*?-->)*<domain[\s>]", re.DOTALL)
BEGIN, END = "<!-- counts: begin -->\n", "<!-- counts: end -->\n"


def made_over(text):
    """What keeps a domain from being one for a Grace host, changed as text, so
    that everything else stays as it was written."""
    text = re.sub(r"(<domain[^>]*\btype=)(['\"])\w+\2", r"\1\2kvm\2", text, count=1)
    text = re.sub(r"<type\b[^>]*>\s*hvm\s*</type>|<type\b[^>]*>\s*(xen|exe|linux)\s*</type>",
                  "<type arch='aarch64' machine='virt'>hvm</type>", text, count=1)
    text = re.sub(r"<os\b[^>]*>", "<os firmware='efi'>", text, count=1)
    text = re.sub(r"(<vcpu\b[^>]*>)\s*\d+", r"\g<1>16", text, count=1)
    return re.sub(r"(<controller\b[^>]*\bmodel=['\"])pci-root\b", r"\1pcie-root",
                  text)


def collection():
    done = check_domains.run(check_domains.HERE / "collection.sh",
                             stdout=subprocess.PIPE)
    if done.returncode == check_domains.SKIP:
        check_domains.skip("no collection; see the line above")
    if done.returncode != 0:
        sys.exit(f"collection.sh failed with exit code {done.returncode}")
    return pathlib.Path(done.stdout.strip())


def domain_rng():
    done = check_domains.run(check_domains.HERE / "roots.sh", "schemas", "forky",
                             stdout=subprocess.PIPE)
    if done.returncode != 0:
        check_domains.skip("no schema of libvirt 12.8")
    return done.stdout.strip() + "/domain.rng"


def outcomes(program, schema, files):
    """Profile → file → what came of it."""
    done = check_domains.run(program, schema, input="\n".join(map(str, files)),
                             stdout=subprocess.PIPE)
    results = {profile: {} for profile in PROFILES}
    for line in done.stdout.splitlines():
        name, profile, result = line.split(" ", 2)
        results[profile][name] = result
    if done.returncode != 0:
        last = done.stdout.rsplit("\n", 2)[-2:]
        sys.exit(f"merge_collection ended with {done.returncode} after {last}")
    return results


def count(results):
    """Outcome → its count for each profile."""
    return {profile: collections.Counter(found.values())
            for profile, found in results.items()}


WORDS = {"merged": "merged, valid, and as before after the unmerge",
         "merged-invalid": "the same, but invalid by the schema from the start"}


def table(title, counts):
    rows = sorted({outcome for found in counts.values() for outcome in found},
                  key=lambda o: (not o.startswith("merged"), o))
    yield f"| {title} | {' | '.join(PROFILES)} |\n|---|{'---:|' * len(PROFILES)}\n"
    for row in rows:
        text = WORDS.get(row, row.replace("refused:", "refused: `") + "`")
        numbers = " | ".join(str(counts[p][row]) for p in PROFILES)
        yield f"| {text} | {numbers} |\n"
    totals = " | ".join(str(sum(counts[p].values())) for p in PROFILES)
    yield f"| all | {totals} |\n"


def main():
    program, page = sys.argv[1], pathlib.Path(sys.argv[2])
    folder = collection()
    version = (folder / "version").read_text().strip()
    schema = domain_rng()
    files = sorted(path for path in folder.rglob("*.xml")
                   if re.match(ROOT, path.read_bytes()))
    if len(files) < 2000:
        sys.exit(f"only {len(files)} domains in {folder}")
    with tempfile.TemporaryDirectory(prefix="nvgpuctl-merge-") as directory:
        others = []
        for number, path in enumerate(files):
            other = pathlib.Path(directory) / f"{number}-{path.name}"
            text = path.read_text(encoding="utf-8", errors="surrogateescape")
            other.write_text(made_over(text), encoding="utf-8",
                             errors="surrogateescape")
            others.append(other)
        runs = [("as they are", outcomes(program, schema, files)),
                ("made over for aarch64", outcomes(program, schema, others))]
    failures = 0
    text = f"The {len(files)} domains of libvirt {version}'s tests:\n\n"
    for title, results in runs:
        for profile, found in results.items():
            if len(found) != len(files):
                failures += 1
                print(f"not ok {title} {profile}: {len(found)} answers")
            for name, result in found.items():
                if result.startswith("LOST"):
                    failures += 1
                    print(f"not ok {title} {profile} {name}: {result}")
            # As they are, none is of aarch64 with KVM.
            if title.startswith("made over") and not any(
                    result.startswith("merged") for result in found.values()):
                failures += 1
                print(f"not ok {title} {profile}: nothing was merged")
        text += "".join(table(title, count(results))) + "\n"
    print(text)
    head, _, rest = page.read_text().partition(BEGIN)
    old, _, tail = rest.partition(END)
    if "--update" in sys.argv:
        page.write_text(head + BEGIN + text + END + tail)
    elif f"libvirt {version}'s" not in old:
        print(f"{page.name} has the counts of another libvirt, so these are compared with none")
    elif old != text:
        failures += 1
        print(f"not ok {page.name} has other counts; --update rewrites them")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
