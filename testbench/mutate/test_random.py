# SPDX-License-Identifier: Apache-2.0
"""What counts in a hunt: no change twice, none that changes nothing, and the line that scripts/campaign reads."""
from __future__ import annotations

import json
import os
from dataclasses import asdict
from types import SimpleNamespace

import pytest

import random_mutants as hunt
from bench import mirror
from draw import Mutant


def mutant(line: int) -> Mutant:
    return Mutant("model/x.c", line, "comparison", "    if (a < b)", "    if (a <= b)")


def log(path, *rows):
    path.write_text("".join(json.dumps({"mutant": asdict(one), "noticed_by": by}) + "\n" for one, by in rows))
    return path


def test_a_change_that_another_seed_drew_is_known(tmp_path):
    mine = log(tmp_path / "1.jsonl", (mutant(1), "core/test_tlb"))
    log(tmp_path / "2.jsonl", (mutant(2), None), (mutant(3), hunt.SAME))
    assert hunt.asked_with_other_seeds(mine) == {mutant(2), mutant(3)}
    assert hunt.known(mine) == {mutant(1): "core/test_tlb"}


def test_the_newest_answer_counts(tmp_path):
    path = log(tmp_path / "1.jsonl", (mutant(1), hunt.NOT_YET), (mutant(1), "lint/test_lint"))
    assert hunt.known(path) == {mutant(1): "lint/test_lint"}


def test_the_summary_counts_what_changes_something(capsys):
    results = {mutant(1): "core/test_tlb", mutant(2): None, mutant(3): hunt.SAME, mutant(4): hunt.BROKEN, mutant(5): hunt.NOT_YET,
               mutant(6): "compiler"}
    assert hunt.summary(results, 7) == 0.5
    out = capsys.readouterr().out
    assert "seed 7: 4 mutants, 2 survived, 50.0 % noticed; not counted: 2 that" in out
    assert "SURVIVED model/x.c:2 comparison: if (a < b) -> if (a <= b)" in out


def test_a_mutant_is_planted_where_its_line_has_gone_to(tmp_path):
    (tmp_path / "model").mkdir()
    path = tmp_path / "model/x.c"
    path.write_text("int f;\n\n    if (a < b)\n")
    before = hunt.plant(mutant(1), tmp_path)
    assert before == "int f;\n\n    if (a < b)\n" and path.read_text() == "int f;\n\n    if (a <= b)\n"
    path.write_text("gone\n")
    assert hunt.plant(mutant(1), tmp_path) is None


def test_a_defect_that_was_left_in_the_copy_is_compiled_away(tmp_path):
    source, copy = tmp_path / "source", tmp_path / "copy"
    for name, text in {"model/x.c": "right", "model/y.c": "same", "build/z": "skipped"}.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text)
    mirror(source, copy)
    assert not (copy / "build").exists()
    compiled = (copy / "model/y.c").stat().st_mtime_ns
    (copy / "model/x.c").write_text("wrong")
    (copy / "model/gone.c").write_text("not in the tree")
    os.utime(source / "model/x.c", (0, 0))
    mirror(source, copy)
    assert (copy / "model/x.c").read_text() == "right" and (copy / "model/x.c").stat().st_mtime_ns >= compiled
    assert (copy / "model/y.c").stat().st_mtime_ns == compiled and not (copy / "model/gone.c").exists()


class Stand:
    """A bench whose further tests fail without a defect."""

    tree, broken = None, "platform/x"

    def make(self):
        return True

    def prepare_sanitized(self):
        pass

    def code(self):
        return "clean"

    def noticed_by(self):
        return None

    def noticed_further(self):
        return self.broken


def test_tests_that_fail_without_a_defect_notice_none(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(hunt.Bench, "prepare", lambda work, jobs: Stand())
    monkeypatch.setattr(hunt, "draw", lambda tree, seed: iter(()))
    args = SimpleNamespace(work=tmp_path, jobs=1, seed=1, count=0, again=False)
    with pytest.raises(SystemExit) as ended:
        hunt.hunt(args, tmp_path / "1.jsonl", {mutant(1): hunt.NOT_YET})
    assert ended.value.code == 126  # what scripts/campaign takes for no result
    assert "without defects does not pass: platform/x" in capsys.readouterr().err
    hunt.hunt(args, tmp_path / "1.jsonl", {mutant(1): "core/test_tlb"})
