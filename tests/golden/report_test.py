#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""report_test.py NVGPUCTL HOSTS: a report of each recorded host says what the host says, and an archive that is not one is refused."""
import gzip
import html.parser
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

VERBS = ("list -o wide", "show --all", "explain", "validate --all", "xml generate --all", "doctor", "doctor --boot", "topology",
         "diff", "assert", "export")


def run(program, temporary, *words):
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": "/nonexistent", "TMPDIR": temporary}
    environment.update((name, value) for name, value in os.environ.items() if name.endswith("SAN_OPTIONS"))
    return subprocess.run([program, *words], env=environment, capture_output=True, timeout=60)


def said(program, temporary, root, verb):
    result = run(program, temporary, "--root", str(root), *verb.split())
    return result.returncode, result.stdout, result.stderr


def without_users(host, folder):
    """The host as a report has it: without processes, what NVIDIA's driver says of them, and domains."""
    # Of one that hangs a report has where it does.
    gone = [p for p in (host / "proc").iterdir()
            if p.name == "driver" or p.name.isdigit() and (p / "comm").exists()]
    gone += [p for p in [host / "etc/libvirt"] if p.exists()]
    if not gone:
        return host
    copy = folder / host.name
    subprocess.run(["cp", "-a", host, copy], check=True)
    for path in gone:
        shutil.rmtree(copy / path.relative_to(host))
    return copy


def check_host(program, host, folder, temporary):
    archive = folder / f"{host.name}.tar.gz"
    made = run(program, temporary, "--root", str(host), "report", str(archive))
    if made.returncode != 0:
        yield f"{host.name}: report: {made.stderr.decode()}"
        return
    like = without_users(host, folder)
    for verb in VERBS:
        if said(program, temporary, like, verb) != said(program, temporary, archive, verb):
            yield f"{host.name}: '{verb}' says something else of its report"
    again = folder / f"{host.name}-again.tar.gz"
    run(program, temporary, "--root", str(archive), "report", str(again))
    if again.read_bytes() != archive.read_bytes():
        yield f"{host.name}: a report of the report differs from it"
    # Another reader of tar takes it, too.
    if subprocess.run(["tar", "-tzf", archive], capture_output=True).returncode != 0:
        yield f"{host.name}: tar cannot read it"


def member(name, kind=tarfile.REGTYPE, data=b"", target=""):
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, len(data), target
    return info, data


def archive_of(*members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def hostile():
    """name → packed bytes, a piece of the message."""
    yield "traversal", gzip.compress(archive_of(member("../escaped", data=b"x"))), "byte 0: '../escaped' has '.', '..'"
    yield "absolute", gzip.compress(archive_of(member("/tmp/escaped", data=b"x"))), "is an absolute path"
    yield "link", gzip.compress(archive_of(member("a", tarfile.SYMTYPE, target="/etc"))), "leads out of the archive: '/etc'"
    yield "below-link", gzip.compress(archive_of(member("a", tarfile.SYMTYPE, target="b"), member("a/c"))), "is no directory"
    yield "hard-link", gzip.compress(archive_of(member("a"), member("b", tarfile.LNKTYPE, target="a"))), "byte 512: 'b' is neither"
    yield "device", gzip.compress(archive_of(member("a", tarfile.CHRTYPE))), "is neither file"
    yield "bomb", gzip.compress(bytes(129 << 20)), "unpacks to more than 128 MiB"
    yield "cut", gzip.compress(archive_of(member("a", data=b"x" * 600)))[:-20], "cut short"
    yield "lie", gzip.compress(archive_of(member("a", data=b"x" * 600))[:1000]), "longer than the archive"
    yield "text", b"no archive\n", "not a gzip file"


def check_hostile(program, folder, temporary):
    for name, packed, message in hostile():
        path = folder / name
        path.write_bytes(packed)
        result = run(program, temporary, "--root", str(path), "list")
        if result.returncode != 1 or message not in result.stderr.decode():
            yield f"{name}: exit {result.returncode}, {result.stderr.decode()}"
        if str(path) not in result.stderr.decode():
            yield f"{name}: the archive is not named"


def check_file(program, host, folder, temporary):
    path = folder / "once.tar.gz"
    path.write_text("mine")
    result = run(program, temporary, "--root", str(host), "report", str(path))
    if result.returncode != 1 or b"exists already" not in result.stderr or path.read_text() != "mine":
        yield f"an existing file: exit {result.returncode}, {result.stderr.decode()}"
    result = run(program, temporary, "--root", str(host), "report", "--html", str(path))
    if result.returncode != 1 or b"exists already" not in result.stderr or path.read_text() != "mine":
        yield f"an existing file, --html: exit {result.returncode}, {result.stderr.decode()}"
    listed = run(program, temporary, "--root", str(host), "report", "--dry-run").stdout.decode().splitlines()
    if "/sys/firmware/acpi/tables/SRAT" not in listed or not all(line.startswith("/") for line in listed):
        yield f"--dry-run: {listed[:3]}"


class Page(html.parser.HTMLParser):
    """Whether every element is closed, every link leads somewhere, and nothing is fetched."""
    VOID = ("meta",)

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.links, self.problems = [], [], [], []
        self.feed(text)
        self.problems += [f"<{tag}> stays open" for tag in self.open]
        self.problems += [f"id {name} twice" for name in set(self.ids) if self.ids.count(name) > 1]
        self.problems += [f"a link to {name}" for name in self.links if name.removeprefix("#") not in self.ids]

    def handle_starttag(self, tag, attributes):
        self.open += [] if tag in self.VOID else [tag]
        for name, value in attributes:
            self.ids += [value] if name == "id" else []
            self.links += [value] if name == "href" else []
            if name in ("src", "style", "action") or name.startswith("on") or (
                    name != "xmlns" and "//" in (value or "")):
                self.problems.append(f"<{tag} {name}={value}>")
        if tag in ("script", "link", "img", "iframe", "object", "form"):
            self.problems.append(f"<{tag}>")

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.handle_endtag(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"</{tag}> closes nothing")


def check_page(program, host, folder, temporary):
    path = folder / f"{host.name}.html"
    made = run(program, temporary, "--root", str(host), "report", "--html", str(path))
    if made.returncode != 0:
        yield f"{host.name}: --html: {made.stderr.decode()}"
        return
    text = path.read_text()
    yield from (f"{host.name}: page: {problem}" for problem in Page(text).problems)
    # It is the archive's: made of that, it is the same, but for the values that have an alias already.
    again = run(program, temporary, "--root", str(folder / f"{host.name}.tar.gz"), "report", "--html", "-").stdout.decode()
    if re.sub(r"\d+ values", "", again) != re.sub(r"\d+ values", "", text):
        yield f"{host.name}: the page of its report is another"
    if temporary in text or str(host) in text:
        yield f"{host.name}: the page says where the recording lies"
    paths = run(program, temporary, "--root", str(host), "report", "--dry-run").stdout.decode().splitlines()
    yield from (f"{host.name}: the page does not list {one}" for one in paths if f">{html.escape(one)}</td>" not in text)


def check_aliases(program, host, folder, temporary):
    """A copy of a host with names in it."""
    copy = folder / "named"
    subprocess.run(["cp", "-a", host, copy], check=True)
    uuid, name = "6f9619ff-8b86-d011-b42d-00c04fc964ff", "secret-node"
    (copy / "proc/cmdline").write_text(f"root=UUID={uuid} ip=10.9.8.7::::{name}:eth0\n")
    (copy / "proc/sys/kernel/hostname").write_text(name + "\n")
    # The page's picture names a GPU's domain.
    guest = "secret-guest"
    gpu = run(program, temporary, "--root", str(host), "list", "--addresses").stdout.decode().split()[0]
    origin = {"address": gpu, "driver": None, "driver_override": None, "boot_id": uuid, "who": "root", "when": "then",
              "domain": guest, "bound_for_domain": True}
    (copy / "var/lib/nvgpuctl/origin").mkdir(parents=True)
    (copy / f"var/lib/nvgpuctl/origin/{gpu}.json").write_text(
        json.dumps({"apiVersion": "nvgpuctl/v1", "kind": "Origin", "origin": origin}))
    for option, hidden in (("--no-redact", False), (None, True)):
        path = folder / f"aliases{option}.tar.gz"
        words = [option] if option else []
        run(program, temporary, "--root", str(copy), "report", *words, str(path))
        text = gzip.decompress(path.read_bytes()).decode("latin-1")
        for value in (uuid, name, "10.9.8.7", guest):
            if (value in text) == hidden:
                yield f"{option}: {value} is {'' if hidden else 'not '}in the report"
        page = run(program, temporary, "--root", str(copy), "report", "--html", *words, "-").stdout.decode()
        if (guest in page) == hidden or ("domain-1" in page) != hidden:
            yield f"{option}: {guest} is {'' if hidden else 'not '}on the page"


POLICY = """apiVersion: nvgpuctl/v1
kind: Policy
gpus:
  - match: {model: GB200}
    driver: variant
    layout: single
"""


def check_model_names(program, host, folder, temporary):
    """A host that is called like its GPUs, with a policy that names them, and a driver loaded as it wants."""
    copy = folder / "gb200.example.org"
    subprocess.run(["cp", "-a", host, copy], check=True)
    (copy / "proc/sys/kernel/hostname").write_text("gb200.example.org\n")
    (copy / "etc/nvgpuctl").mkdir(parents=True, exist_ok=True)
    (copy / "etc/nvgpuctl/policy.yaml").write_text(POLICY)
    module = copy / "sys/module/nvgrace_gpu_vfio_pci/parameters"
    module.mkdir(parents=True, exist_ok=True)
    (module / "layout").write_text("single\n")
    yield from check_host(program, copy, folder, temporary)
    archive = folder / f"{copy.name}.tar.gz"
    if b"gb200.example.org" in gzip.decompress(archive.read_bytes()):
        yield "the host's long name is in the report"
    if b"layout: single" not in said(program, temporary, archive, "export")[1]:
        yield "export does not say the layout that the driver was loaded with"


def check_guest(program, host, folder, temporary):
    """A guest that has a GPU is in the report, under another name; its QEMU is not."""
    copy = folder / "guest"
    subprocess.run(["cp", "-a", host, copy], check=True)
    gpu = run(program, temporary, "--root", str(host), "list", "--addresses").stdout.decode().split()[0]
    process = copy / "proc/4242"
    (process / "fd").mkdir(parents=True)
    (process / "comm").write_text("qemu-system-aar\n")
    (process / "cmdline").write_text("\0".join([
        "qemu-system-aarch64", "-name", "guest=Anna's GPU,debug-threads=on", "-device", f"vfio-pci,host={gpu}", ""]))
    (process / "fd/9").symlink_to("anon_inode:kvm-vm")
    archive = folder / "guest.tar.gz"
    run(program, temporary, "--root", str(copy), "report", str(archive))
    here, there = (json.loads(said(program, temporary, root, "topology -o json")[1]) for root in (copy, archive))
    names = [g["domain"] for t in (here, there) for s in t["sockets"] for g in s["gpus"] if g["address"] == gpu]
    if names != ["Anna's GPU", "domain-1"]:
        yield f"guest: the topologies name {names}"
    users = json.loads(said(program, temporary, archive, f"show -o json {gpu}")[1])["items"][0]["holders"] or []
    if [(one["kind"], one["domain"], one["pid"]) for one in users] != [("guest", "domain-1", None)]:
        yield f"guest: show of the report: {users}"
    reasons = [said(program, temporary, root, f"explain -o json {gpu}")[1].count(b"NVG-") for root in (copy, archive)]
    if reasons[0] != reasons[1]:
        yield f"guest: explain gives {reasons} reasons"
    if b"4242" in gzip.decompress(archive.read_bytes()) or b"Anna" in gzip.decompress(archive.read_bytes()):
        yield "guest: its process or its name is in the report"


def main(program, hosts):
    hosts = sorted(path for path in pathlib.Path(hosts).iterdir() if path.is_dir())
    # A thousand small files each time: in memory where there is such a place.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as folder, tempfile.TemporaryDirectory(dir=memory) as temporary:
        folder = pathlib.Path(folder)
        problems = [p for host in hosts for p in check_host(program, host, folder, temporary)]
        problems += [p for host in hosts for p in check_page(program, host, folder, temporary)]
        problems += check_hostile(program, folder, temporary)
        problems += check_file(program, hosts[0], folder, temporary)
        problems += check_aliases(program, hosts[0], folder, temporary)
        problems += check_model_names(program, next(host for host in hosts if host.name == "gb200"), folder, temporary)
        problems += check_guest(program, hosts[-2], folder, temporary)
        problems += [f"{name} is left behind" for name in os.listdir(temporary)]
    print("\n".join(problems) or f"{len(hosts)} hosts are the same in their reports")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
