#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""check_browser.py NVGPUCTL HOSTS [PICTURES]: a real Chromium opens the pages of
`report --html` and the pictures of `topology -o svg`: everything is there, it
has nothing to complain of, nothing leaves the page, on a wide and on a narrow
screen, and every text can be read, light and dark.

With PICTURES it only leaves screenshots in that folder."""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
from html.parser import HTMLParser

from hosts import PASSABLE, in_tree, recorded, tree

# One GPU, several, several of another kind, a broken one, and none.
HOSTS = ("gh200-96g", "gh200-x4", "gb200", "bad-no-dsd", "gb10")
WIDTHS = (1280, 400)
# Of Chromium's settings: PreferredColorScheme, and WCAG 2.2, 1.4.3.
SCHEMES = {"light": 1, "dark": 0}
LEAST_CONTRAST = 4.5
CSP = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')

# Put into a copy of the page, whose policy allows no script.
MEASURE = """<script>
function numbers(color) { return color.match(/[\\d.]+/g).map(Number); }
function luminance(color) {
  const [r, g, b] = numbers(color).map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function background(element) {
  for (; element; element = element.parentElement) {
    const color = getComputedStyle(element).backgroundColor;
    if ((numbers(color)[3] ?? 1) > 0) return color;
  }
  return "rgb(255, 255, 255)";
}
// What is drawn below a text of the picture: the last shape before it there.
function drawn_below(text) {
  const at = text.getBoundingClientRect(), x = (at.left + at.right) / 2, y = (at.top + at.bottom) / 2;
  const shapes = [...text.ownerSVGElement.querySelectorAll("rect")].filter(shape => {
    const box = shape.getBoundingClientRect();
    return box.left <= x && x <= box.right && box.top <= y && y <= box.bottom &&
      shape.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING;
  });
  return getComputedStyle(shapes.at(-1)).fill;
}
function contrast(a, b) {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}
const seen = {width: innerWidth, needs: document.documentElement.scrollWidth, overflow: [], faint: []};
document.querySelectorAll("details").forEach(one => one.open = true);
const walker = document.createTreeWalker(document.body ?? document.documentElement, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const text = walker.currentNode, element = text.parentElement;
  if (!text.data.trim() || element.closest("style,script,title")) continue;
  const svg = element.ownerSVGElement;
  const ratio = svg ? contrast(getComputedStyle(element).fill, drawn_below(element))
    : contrast(getComputedStyle(element).color, background(element));
  if (ratio < LEAST) seen.faint.push(text.data + " " + ratio.toFixed(2));
  if (svg && !svg.querySelector("title").textContent.includes("Topology")) seen.overflow.push("no title");
  const box = element.getBoundingClientRect();
  const outer = svg ? svg.getBoundingClientRect() : null;
  if (outer && (box.right > outer.right || box.bottom > outer.bottom)) seen.overflow.push(text.data);
}
// A text that is longer than the card it stands on.
document.querySelectorAll("svg.topology text").forEach(text => {
  const box = text.getBoundingClientRect();
  document.querySelectorAll("svg.topology .card, svg.topology .socket, svg.topology .bridge").forEach(shape => {
    const around = shape.getBoundingClientRect();
    if (box.top >= around.top && box.bottom <= around.bottom && box.left >= around.left &&
        box.left < around.right && box.right > around.right + 0.5) seen.overflow.push(text.textContent);
  });
});
document.documentElement.setAttribute("data-seen", JSON.stringify(seen));
</script>""".replace("LEAST", str(LEAST_CONTRAST))


class Page(HTMLParser):
    """Texts by element, and whatever would fetch something."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.fetches, self.states, self.headings = set(), set(), [], [], []
        self.open = []
        self.seen = None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.open.append((tag, values.get("class") or ""))
        self.ids.add(values.get("id"))
        self.seen = values.get("data-seen", self.seen)
        if tag == "a":
            self.links.add(values["href"].removeprefix("#"))
        if tag in ("script", "link", "img", "iframe", "object", "use", "base"):
            self.fetches.append(tag)
        self.fetches += [name for name, value in attributes if name in ("src", "srcset", "style") or name[:2] == "on"]

    def handle_endtag(self, tag):
        # Those that have no end, as <meta>, are left behind at the next one.
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        tag, classes = self.open[-1] if self.open else ("", "")
        if tag == "span" and classes.startswith("state "):
            self.states.append(data)
        if tag in ("h2", "h3"):
            self.headings.append(data.strip())
        if tag == "style" and re.search(r"url\(|@import", data):
            self.fetches.append("a style sheet that fetches")


class Browser:
    def __init__(self, root, folder):
        self.root, self.folder = root, folder

    def run(self, file, width, scheme, *options):
        command = in_tree(self.root, self.folder, "chromium-headless-shell", "--no-sandbox", "--disable-gpu",
                          "--enable-logging=stderr", "--hide-scrollbars", f"--window-size={width},1000",
                          f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}", *options,
                          f"file:///tmp/files/{file}")
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            sys.exit(f"chromium ends with {done.returncode}\n{done.stderr}")
        # What pages say; the rest is about what a chroot has not got.
        return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]

    def dom(self, file, width=1280, scheme="light"):
        return self.run(file, width, scheme, "--dump-dom")

    def screenshot(self, file, picture, width, height, scheme="light"):
        self.run(file, width, scheme, f"--screenshot=/tmp/files/{picture}", f"--window-size={width},{height}")


def make(host, folder):
    """The page, the same to be measured, and the picture of it alone."""
    page = folder / f"{host.name}.html"
    made = host.run("report", "--html", page)
    assert made.returncode == 0, made.stderr
    text = page.read_text()
    assert CSP.search(text), "the page has no policy"
    (folder / f"{host.name}-measured.html").write_text(CSP.sub("", text).replace("</body>", MEASURE + "</body>"))
    svg = host.run("topology", "-o", "svg").stdout
    (folder / f"{host.name}.svg").write_text(svg)
    return page.name


def problems_of_page(browser, host, name):
    dom, complaints = browser.dom(name)
    yield from complaints
    page = Page(dom)
    yield from (f"the page has {what}" for what in page.fetches)
    yield from (f"a link to nowhere: {link}" for link in page.links - page.ids)
    wanted = {"picture", "host", "evidence"} | {"gpu-" + re.sub("[:.]", "-", gpu["address"]) for gpu in host.gpus}
    yield from (f"no section {one}" for one in wanted - page.ids)
    if page.states != [gpu["state"] for gpu in host.gpus]:
        yield f"states {page.states}"
    yield from (f"no heading {one}" for one in ("Coherent memory", "What was read")
                if one not in page.headings and (host.gpus or one == "What was read"))


def problems_of_layout(browser, name):
    file = name.replace(".html", "-measured.html")
    for width in WIDTHS:
        for scheme in SCHEMES:
            seen = json.loads(Page(browser.dom(file, width, scheme)[0]).seen)
            if seen["width"] != width or seen["needs"] > width:
                yield f"{scheme}: {seen['needs']} pixels of {seen['width']}, wanted {width}"
            yield from (f"{scheme}, {width}: does not fit: {text}" for text in seen["overflow"])
            yield from (f"{scheme}, {width}: can hardly be read: {text}" for text in seen["faint"])


def problems_of_control(browser, folder, name):
    """A page that does fetch something, to see that this would be seen."""
    text = (folder / name).read_text().replace("<main>", '<main><img src="http://localhost/x"><p style="color:#eee">x</p>'
                                               '<p style="width:3000px">wide</p>')
    (folder / "control.html").write_text(text)
    if not any("Content Security Policy" in line for line in browser.dom("control.html")[1]):
        yield "the browser does not complain of what the policy forbids"
    (folder / "control-measured.html").write_text(CSP.sub("", text).replace("</body>", MEASURE + "</body>"))
    seen = json.loads(Page(browser.dom("control-measured.html")[0]).seen)
    if seen["needs"] < 3000 or not seen["faint"]:
        yield f"neither width nor contrast is measured: {seen}"


def take_pictures(browser, names, target):
    for name in names:
        stem = name.removesuffix(".html")
        browser.screenshot(name, f"{stem}-page.png", 1180, 1400)
        browser.screenshot(name, f"{stem}-dark.png", 1180, 1400, "dark")
        browser.screenshot(f"{stem}.svg", f"{stem}-svg.png", 984, 760)
    for path in browser.folder.glob("*.png"):
        (target / path.name).write_bytes(path.read_bytes())


def main(program, folder, pictures=None):
    root = tree("browser")
    hosts = [host for host in recorded(program, folder) if host.name in HOSTS]
    assert len(hosts) == len(HOSTS) and any(gpu["state"] not in PASSABLE for host in hosts for gpu in host.gpus)
    problems = []
    with tempfile.TemporaryDirectory() as name:
        files = pathlib.Path(name)
        browser = Browser(root, files)
        names = [make(host, files) for host in hosts]
        if pictures:
            take_pictures(browser, names, pathlib.Path(pictures))
            return 0
        for host, name in zip(hosts, names):
            found = [*problems_of_page(browser, host, name), *problems_of_layout(browser, name)]
            problems += [f"{host.name}: {problem}" for problem in found]
        problems += problems_of_control(browser, files, names[0])
    print("\n".join(problems) or f"{len(hosts)} pages are as they should be in Chromium")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
