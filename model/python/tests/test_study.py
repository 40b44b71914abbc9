# SPDX-License-Identifier: Apache-2.0
"""Tables of studies, as the studies' own code writes them."""
from __future__ import annotations

import importlib.util
import sqlite3
import sys

import pytest

import amdvi
from amdvi import study
from conftest import ROOT

sys.path.insert(0, str(ROOT / "testbench" / "studies"))
from amdvi_study import table as writer  # noqa: E402

FULL, LESS = 99.5, 97.0
ROWS = [{"variant": "shared", "x": 1, "hash": "a", "seed": 7, "error": "", "share_pct": FULL},
        {"variant": "shared", "x": 2, "hash": "b", "seed": 7, "error": "", "share_pct": LESS, "walks": 3},
        {"variant": "alone", "x": 1, "hash": "c", "seed": 7, "error": "it broke"}]


@pytest.fixture
def folder(tmp_path):
    out = tmp_path / "tenants"
    out.mkdir()
    writer.write_sqlite(ROWS, out / "table.sqlite")
    return out


def test_a_table_is_read_as_it_was_written(folder):
    table = study.load(folder)
    assert (table.name, table.metrics, table.variants) == ("tenants", ["share_pct", "walks"], ["shared", "alone"])
    assert [row["share_pct"] for row in table.rows] == [FULL, LESS, None]
    assert [(row["variant"], row["error"]) for row in table.failed] == [("alone", "it broke")]


def test_lines_leave_out_what_is_not_there(folder):
    table = study.load(folder)
    assert table.line("shared", "share_pct") == [(1, FULL), (2, LESS)]
    assert table.line("shared", "walks") == [(2, 3)] and table.line("alone", "walks") == []
    for words, named in ((("alone", "speed"), "speed"), (("both", "walks"), "both")):
        with pytest.raises(amdvi.AmdviError, match=named):
            table.line(*words)


def test_what_is_no_table_is_named(folder, tmp_path):
    with pytest.raises(amdvi.AmdviError, match="nowhere.*no table"):
        study.load(tmp_path / "nowhere")
    (folder / "table.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(amdvi.AmdviError, match="table.sqlite"):
        study.load(folder)
    (folder / "table.sqlite").unlink()
    sqlite3.connect(folder / "table.sqlite").close()
    with pytest.raises(amdvi.AmdviError, match="point"):
        study.load(folder)


@pytest.mark.skipif(not importlib.util.find_spec("pandas"), reason="python3-pandas is not installed")
def test_pandas_takes_it(folder):
    frame = study.load(folder).pandas()
    assert list(frame.columns)[:2] == ["variant", "x"] and len(frame) == 3
