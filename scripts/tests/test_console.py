# SPDX-License-Identifier: Apache-2.0
"""Command lines in the manual: each is run by scripts/check-console, or stands below with what runs it instead."""
import importlib.machinery
import importlib.util
import pathlib
import re
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOADER = importlib.machinery.SourceFileLoader("check_console", str(ROOT / "scripts/check-console"))
check_console = importlib.util.module_from_spec(importlib.util.spec_from_loader("check_console", LOADER))
sys.modules["check_console"] = check_console
LOADER.exec_module(check_console)

# What begins a line of a code block that somebody would type.
COMMAND = re.compile(r"^\s*(?:\$ |sudo |[A-Z]+=\S+ )*(amdvi|build/\S+|scripts/\S+|traces/\S+\.py|cmake|cc|/usr/bin/python3|dmesg|cd|echo|cat|"
                     r"hypervisor-\S+)\s")
FENCED = re.compile(r"^```(\S*)[^\n]*\n(.*?)^```$", re.M | re.S)
INDENTED = re.compile(r"(?:^|\n\n)((?:    .+\n)+)")
# Page and begin of a line: what runs it instead, or why nothing can.
OTHERWISE = {
    ("README.md", "scripts/demo"): "scripts/tests, and CI",
    ("README.md", "scripts/test"): "CI",
    ("README.md", "sudo cmake --install"): "scripts/check-install",
    ("README.md", "PYTHONPATH=build/release/python"): "docs/python.md has the same",
    ("README.md", "cc -std=c17"): "scripts/check-install",
    ("docs/install.md", "scripts/setup build"): "changes the machine; CI begins with it",
    ("docs/install.md", "cmake --preset"): "CI",
    ("docs/install.md", "cmake --build"): "CI",
    ("docs/install.md", "sudo cmake --install"): "scripts/check-install",
    ("docs/first-program.md", "cc -std=c17"): "scripts/check-install",
    ("docs/assurance.md", "scripts/campaign"): "runs for hours; the test campaign, for its ledger and page",
    ("docs/import.md", "cd /sys"): "needs a machine with the hardware",
    ("docs/import.md", "echo "): "needs a machine with the hardware",
    ("docs/import.md", "cat trace"): "needs a machine with the hardware",
    ("docs/import.md", "amdvi import --collector"): "traces/machine/tests",
    ("docs/hw-viommu.rst", "$ hypervisor-equivalence"): "the test hypervisor-equivalence, with fewer operations",
    ("docs/hw-viommu.rst", "$ cmake --preset"): "CI",
    ("docs/hw-viommu.rst", "$ build/"): "the tests guests/run_isolation and fuzz, for a shorter time",
    ("docs/hosts.md", "scripts/kernel"): "the tests of testbench/kshim",
    ("docs/lint.md", "scripts/lint-campaign"): "runs for an hour; the tests of testbench/unit/lint and testbench/kshim, shorter",
    ("docs/kernel.md", "cmake --preset"): "CI",
    ("docs/kernel.md", "cmake --build"): "CI",
    ("docs/kernel.md", "scripts/kernel"): "the tests of testbench/kshim",
    ("docs/timing-driver.md", "scripts/kernel"): "the tests of testbench/kshim",
    ("docs/captures.md", "amdvi vm --qemu-iommu"): "the tests of testbench/qemu",
    ("docs/captures.md", "amdvi replay own.capture.txt"): "the tests of testbench/qemu",
    ("docs/kit.md", "amdvi kit"): "needs a kernel of the reader's; the tests of testbench/qemu, with Debian's",
    ("docs/kit.md", "scripts/qemu kit"): "eighteen boots each; the tests of testbench/qemu boot some",
    ("docs/vm.md", "scripts/setup"): "changes the machine; CI begins with it",
    ("docs/vm.md", "scripts/qemu"): "the tests of testbench/qemu",
    ("docs/vm.md", "build/release/cli/amdvi vm"): "the tests of testbench/qemu",
    ("docs/python.md", "/usr/bin/python3 -m venv"): "the test python-wheel",
    ("docs/python.md", "cd testbench"): "the tests sidebyside",
    ("docs/python.md", "PYTHONPATH=../build"): "the tests sidebyside, with fewer requests",
}


def blocks(page):
    """(language, text) of code blocks that are not run."""
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".rst":
        text = check_console.BLOCK.sub("", text)
        yield from (("", block[1]) for block in INDENTED.finditer(text))
        return
    for block in FENCED.finditer(text):
        if block[1] not in ("console", "c", "cmake", "python") and not block[1].startswith("{"):
            yield block[1], block[2]
    yield from (("", block[1]) for block in INDENTED.finditer(FENCED.sub("", text)))


def typed(page):
    return [line.strip() for _, text in blocks(page) for line in text.split("\n") if COMMAND.match(line + " ")]


def own_pages():
    return [page for page in check_console.pages() if "reference" not in page.parts]


@pytest.mark.parametrize("page", own_pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_a_command_line_is_run_or_says_why_not(page):
    name = str(page.relative_to(ROOT))
    open_ends = [line for line in typed(page) if not any(name == where and line.startswith(begin) for where, begin in OTHERWISE)]
    assert not open_ends


def test_no_reason_is_left_over():
    said = {(where, begin) for where, begin in OTHERWISE for page in own_pages() if str(page.relative_to(ROOT)) == where
            for line in typed(page) if line.startswith(begin)}
    assert said == set(OTHERWISE)


def test_functions_that_the_manual_names_are_there():
    headers = "".join(path.read_text(encoding="utf-8") for folder in ("model", "traces", "testbench")
                      for path in (ROOT / folder).rglob("*.h"))
    known = set(re.findall(r"\b((?:amdvi|hv)_\w+)\(", headers))
    for page in own_pages():
        named = set(re.findall(r"`+((?:amdvi|hv)_\w+)\(", page.read_text(encoding="utf-8")))
        assert named <= known, page


PAGE = """# A page

```console
$ echo one; echo two
one
two
$ printf 'a\\nb\\nc\\n'
a
...
c
$ false
# exit status 1
```
"""


@pytest.mark.parametrize("old, new, wrong", [
    ("", "", 0), ("two\n$", "too\n$", 1), ("$ false\n# exit status 1\n", "$ false\n", 1), ("a\n...\nc", "a\n...\nd", 1),
    ("...", "b", 0), ("# exit status 1", "# exit status 2", 1), ("...\nc\n", "", 1)])
def test_what_differs_is_found(tmp_path, old, new, wrong):
    page = tmp_path / "page.md"
    page.write_text(PAGE.replace(old, new, 1) if old else PAGE, encoding="utf-8")
    assert len(check_console.check(page, tmp_path / "build/cli/amdvi")[1]) == wrong


def test_times_may_differ(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```console\n$ echo '  0.015 s, 3290139 records/s'\n  1.2 s, 5 records/s\n```\n", encoding="utf-8")
    assert check_console.check(page, tmp_path / "build/cli/amdvi") == (1, [])


@pytest.mark.parametrize("name, text", [
    ("a.md", "```console\n$ echo new\nold\n$ echo more\n```\n"),
    ("a.rst", ".. code-block:: console\n\n    $ echo new\n    old\n    $ echo more\n\nText.\n")])
def test_pages_are_written_anew(tmp_path, name, text):
    page = tmp_path / name
    page.write_text(text, encoding="utf-8")
    count, wrong = check_console.check(page, tmp_path / "build/cli/amdvi")
    assert (count, len(wrong)) == (2, 2)
    check_console.updated(page, wrong)
    assert check_console.check(page, tmp_path / "build/cli/amdvi") == (2, []), page.read_text()
