# SPDX-License-Identifier: Apache-2.0
"""scripts/tidy.py: which files are looked at, what counts as a finding, and that a finding which nobody has any more is one."""
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
import tidy  # noqa: E402

FILES = ["model/save.c", "testbench/qemu/device.c", "testbench/qemu/kit/x.c", "testbench/systemc/ram.cpp"]


def test_files_for_qemu_wait_for_its_headers(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(tidy, "QEMU_HEADERS", tmp_path / "headers")
    assert tidy.readable(FILES) == ["model/save.c", "testbench/systemc/ram.cpp"]
    assert "2 files of testbench/qemu/ are passed over" in capsys.readouterr().out
    assert tidy.readable(FILES[:1]) == FILES[:1] and capsys.readouterr().out == ""
    (tmp_path / "headers").mkdir()
    assert tidy.readable(FILES) == FILES


@pytest.fixture(name="run")
def make_run(tmp_path, monkeypatch):
    """Runs the whole on two files, of which clang-tidy says SAID and lint.known says KNOWN."""
    def run(said, known):
        monkeypatch.setattr(tidy, "CACHE", tmp_path / "cache")
        monkeypatch.setattr(tidy, "commands", lambda: {"a.c": [], "b.cpp": []})
        monkeypatch.setattr(tidy, "look", lambda file, command, rules: said.get(file, ""))
        monkeypatch.setattr(tidy, "known", lambda: known)
        monkeypatch.setattr(sys, "argv", ["tidy.py", "a.c", "b.cpp", "header.h"])
        return tidy.main()
    return run


SAID = {"a.c": "a.c:3:5: error: it is so [bugprone-x,-warnings-as-errors]\nh.h:9:1: warning: and so [misc-y]\n",
        "b.cpp": "h.h:9:1: warning: and so [misc-y]\n"}


def test_findings_are_told_once(run, capsys):
    assert run(SAID, set()) == 1
    assert capsys.readouterr().out.splitlines() == ["a.c:3: it is so [bugprone-x]", "h.h:9: and so [misc-y]",
                                                    "clang-tidy: 2 files, 2 findings"]


def test_what_is_known_passes_and_may_not_outlive_its_finding(run, capsys):
    assert run(SAID, {("a.c", "bugprone-x"), ("h.h", "misc-y")}) == 0
    assert capsys.readouterr().out == "clang-tidy: 2 files, 0 findings\n"
    assert run({}, {("a.c", "bugprone-x"), ("elsewhere.c", "bugprone-x")}) == 1
    assert "scripts/lint.known: a.c bugprone-x: nothing finds this any more" in capsys.readouterr().out


def test_a_folder_has_rules_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(tidy, "ROOT", tmp_path)
    (tmp_path / "a/b").mkdir(parents=True)
    for folder, rule in ((".", b"root,"), ("a", b"a,"), ("a/b", b"b,")):
        (tmp_path / folder / ".clang-tidy").write_bytes(rule)
    assert tidy.rules_of("a/b/c.c", b"14,") == b"14,root,a,b," and tidy.rules_of("c.c", b"14,") == b"14,root,"
