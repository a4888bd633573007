#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The lint tests themselves: each must fail on a bad tree and pass a good one."""
import os
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

import layering
import links
import reasons
import spdx
import tidy
import words
from files import ROOT


class Layering(unittest.TestCase):
    def problems(self, path, text):
        return list(layering.problems_of(path, text))

    def test_an_include_to_the_left_is_fine(self):
        self.assertEqual(self.problems("nvgpuctl/ops/a.cpp", '#include "core/gpu.hpp"\n'), [])

    def test_an_include_of_the_same_folder_is_fine(self):
        self.assertEqual(self.problems("nvgpuctl/ops/a.cpp", '#include "ops/b.hpp"\n'), [])

    def test_main_may_include_everything_of_ours(self):
        self.assertEqual(self.problems("nvgpuctl/main.cpp", '#include "cli/run.hpp"\n'), [])

    def test_an_include_to_the_right_is_named_with_its_line(self):
        self.assertEqual(
            self.problems("nvgpuctl/core/a.cpp", '\n#  include "host/root_dir.hpp"\n'),
            ["nvgpuctl/core/a.cpp:2: core/ must not include host/ (host/root_dir.hpp)"])

    def test_a_way_round_through_dots_is_refused(self):
        self.assertEqual(
            self.problems("nvgpuctl/core/a.cpp", '#include "../host/root_dir.hpp"\n'),
            ["nvgpuctl/core/a.cpp:1: includes are given from nvgpuctl/, without '..' "
             "(../host/root_dir.hpp)"])

    def test_printing_belongs_to_cli(self):
        for statement in ('std::cerr << "x";', 'std::fputs("x", stderr);', 'fmt::print("x");'):
            with self.subTest(statement=statement):
                self.assertEqual(len(self.problems("nvgpuctl/ops/a.cpp", "\n" + statement)), 1)
                self.assertEqual(self.problems("nvgpuctl/cli/a.cpp", "\n" + statement), [])
        self.assertEqual(self.problems("nvgpuctl/ops/a.cpp", "std::snprintf(buffer, 3, \"x\");"), [])

    def test_system_interfaces_belong_to_host(self):
        for header in ("libudev.h", "pci/pci.h", "libvirt/libvirt.h", "linux/vfio.h",
                       "unistd.h"):
            with self.subTest(header=header):
                line = f"#include <{header}>\n"
                self.assertEqual(self.problems("nvgpuctl/host/a.cpp", line), [])
                for path in ("nvgpuctl/base/a.cpp", "nvgpuctl/core/a.cpp",
                             "nvgpuctl/ops/a.cpp", "nvgpuctl/cli/a.cpp", "nvgpuctl/main.cpp"):
                    self.assertEqual(self.problems(path, line),
                                     [f"{path}:1: only host/ may include <{header}>"])

    def test_only_the_owner_of_descriptors_may_close_them(self):
        self.assertEqual(self.problems("nvgpuctl/base/fd.hpp", "#include <unistd.h>\n"), [])

    def test_core_cannot_open_files(self):
        self.assertEqual(self.problems("nvgpuctl/core/a.cpp", "#include <fstream>\n"),
                         ["nvgpuctl/core/a.cpp:1: core/ does no I/O, "
                          "so it cannot need <fstream>"])

    def test_the_program_fails_on_a_bad_tree_and_passes_a_good_one(self):
        with tempfile.TemporaryDirectory() as tree:
            os.makedirs(os.path.join(tree, "nvgpuctl/base"))
            source = os.path.join(tree, "nvgpuctl/base/a.cpp")
            for text, code in (('#include "cli/command.hpp"\n', 1),
                               ('#include "base/text.hpp"\n', 0)):
                with open(source, "w", encoding="utf-8") as file:
                    file.write(text)
                done = subprocess.run([sys.executable, layering.__file__, tree],
                                      capture_output=True, check=False)
                self.assertEqual(done.returncode, code, done.stdout)


class Spdx(unittest.TestCase):
    def test_a_file_without_a_licence_is_refused(self):
        self.assertIn("no 'SPDX", spdx.problem_of("a.py", "#!/bin/sh\ntrue\n"))

    def test_the_line_may_follow_an_interpreter(self):
        self.assertIsNone(spdx.problem_of(
            "a.sh", "#!/bin/sh\n# SPDX-License-Identifier: GPL-2.0-or-later\n"))

    def test_the_module_is_under_version_two_only(self):
        self.assertIsNone(spdx.problem_of(
            "kmod/a.h", "/* SPDX-License-Identifier: GPL-2.0-only */\n"))
        self.assertEqual(
            spdx.problem_of("kmod/a.h", "/* SPDX-License-Identifier: GPL-2.0-or-later */\n"),
            "kmod/a.h: licence is GPL-2.0-or-later, wanted GPL-2.0-only")


class Words(unittest.TestCase):
    def problems(self, text):
        return [problem.split(": ", 1)[1] for problem in words.problems_of("a", text)]

    def test_paths_of_a_machine_are_refused(self):
        for text in ("see /work/x\n", "cd /home/me/src\n", "../shared/design.md\n"):
            with self.subTest(text=text):
                self.assertEqual(len(self.problems(text)), 1)

    def test_words_that_only_look_like_it_are_fine(self):
        self.assertEqual(self.problems("a/work/b, the network, ../shared_data, $HOME/work/x\n"), [])

    def test_a_missing_last_newline_is_refused(self):
        self.assertEqual(self.problems("text"), ["no newline at the end"])


class Links(unittest.TestCase):
    def test_a_link_to_nowhere_is_named_with_its_line(self):
        self.assertEqual(list(links.problems_of("README.md", "\n[x](docs/none.md)\n")),
                         ["README.md:2: no such file: docs/none.md"])

    def test_a_link_to_a_missing_heading_is_refused(self):
        self.assertEqual(list(links.problems_of("README.md", "# A b\n[x](#a-b) [y](#c)\n"))[-1:],
                         ["README.md:2: no such heading: #c"])

    def test_links_inside_code_are_left_alone(self):
        self.assertEqual(list(links.problems_of("README.md", "`[x](none)`\n```\n[y](no)\n```\n")), [])


class Reasons(unittest.TestCase):
    PAGE = ("# NVG-E012 c2c-down\n\n## What it means\n\na\n\n## How it is found\n\nb\n\n"
            "## What to do\n\nc\n")

    def test_a_whole_page_is_fine(self):
        self.assertEqual(list(reasons.problems_of_page(
            "docs/reasons/NVG-E012.md", self.PAGE, "c2c-down")), [])

    def test_a_page_with_another_title_is_refused(self):
        self.assertEqual(list(reasons.problems_of_page(
            "docs/reasons/NVG-E012.md", self.PAGE, "c2c-up")),
            ["docs/reasons/NVG-E012.md: first line must be '# NVG-E012 c2c-up'"])

    def test_an_empty_section_is_refused(self):
        self.assertEqual(list(reasons.problems_of_page(
            "docs/reasons/NVG-E012.md", self.PAGE.replace("\nb\n", "\n"), "c2c-down")),
            ["docs/reasons/NVG-E012.md: section 'How it is found' is empty"])

    def test_rows_of_the_table_are_recognised_over_line_breaks(self):
        self.assertEqual(reasons.ROW.findall('{"NVG-E012",\n     "c2c-down", Severity::error'),
                         [("NVG-E012", "c2c-down")])


class Summary(unittest.TestCase):
    """tools/test_summary.py, which decides whether CI passes."""

    RESULT = """<testsuite>
    <testcase name="a" status="run"/>
    <testcase name="b" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/>
      <system-out>skipped: no tool
</system-out></testcase>%s</testsuite>"""

    def summary(self, more, ci):
        with tempfile.NamedTemporaryFile("w", suffix=".xml") as file:
            file.write(self.RESULT % more)
            file.flush()
            done = subprocess.run(
                [sys.executable, os.path.join(ROOT, "tools", "test_summary.py"), file.name],
                env={"CI": ci}, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout.splitlines()

    def test_a_skipped_test_is_listed_with_its_reason(self):
        code, lines = self.summary("", "")
        self.assertEqual((code, lines[0], lines[-1]),
                         (0, "Skipped:", "1 passed, 0 failed, 1 skipped"))
        self.assertIn("b: skipped: no tool", lines[1])

    def test_in_ci_a_skipped_test_is_a_failure(self):
        code, lines = self.summary("", "true")
        self.assertEqual((code, lines[-1]), (1, "1 passed, 1 failed"))

    def test_a_failed_test_is_a_failure(self):
        code, lines = self.summary('<testcase name="c" status="fail"/>', "")
        self.assertEqual((code, lines[-1]), (1, "1 passed, 1 failed, 1 skipped"))


class Tidy(unittest.TestCase):
    """Several sources at once find what each by itself does."""

    def complaints(self, *texts):
        with tempfile.TemporaryDirectory() as folder:
            sources = []
            for number, text in enumerate(texts):
                path = os.path.join(folder, f"{number}.cpp")
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
                sources.append((path, {"command": f"c++ -std=c++20 -o {number}.o -c {path}"}, ""))
            with unittest.mock.patch("tidy.OURS", f"^{folder}/"):
                results = [result for batch in tidy.batches_of(sources)
                           for result in tidy.run(*batch)]
            return [complaints for _, _, complaints in sorted(results)]

    def test_clean_sources_are_clean_also_with_helpers_of_one_name(self):
        text = "static int half(int value) { return value / 2; }\nint %s() { return half(4); }\n"
        self.assertEqual(self.complaints(text % "a", text % "b", text % "c"), ["", "", ""])

    def test_a_complaint_is_about_its_own_source(self):
        bad = {
            "readability-identifier-naming": "int BadName() { return 1; }\n",
            "modernize-use-override":
                "struct A { virtual void f(); };\nstruct B : A { virtual void f(); };\n",
            "misc-unused-using-decls": "#include <utility>\nusing std::swap;\n",
            "bugprone-use-after-move":
                "#include <string>\n#include <utility>\nstd::string twice(std::string text) {\n"
                "  std::string taken = std::move(text);\n  return taken + text;\n}\n",
        }
        for check, text in bad.items():
            with self.subTest(check=check):
                first, second, third = self.complaints(
                    "int a() { return 1; }\n", text, "int c() { return 3; }\n")
                self.assertEqual((first, third), ("", ""))
                self.assertIn(check, second)


if __name__ == "__main__":
    unittest.main()
