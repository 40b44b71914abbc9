# SPDX-License-Identifier: Apache-2.0
"""The directed traces: a header each, the text that `directed` writes, and the golden model's consent."""
from __future__ import annotations

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import directed.__main__  # noqa: E402, F401
from directed.fact import FACTS  # noqa: E402
from golden.replay import replay_file  # noqa: E402

FILES = sorted(HERE.glob("*/*.trace"))


def test_every_fact_has_its_file_and_nothing_else_is_there() -> None:
    named = {f"{'stale' if one.stale else one.section}/{one.name}.trace" for one in FACTS}
    assert named == {str(path.relative_to(HERE)) for path in FILES}


def test_files_are_what_the_facts_say() -> None:
    for one in FACTS:
        path = HERE / ("stale" if one.stale else one.section) / f"{one.name}.trace"
        assert path.read_text() == one.trace(), path


def test_headers() -> None:
    for path in FILES:
        lines = path.read_text().splitlines()
        assert lines[0] == "# SPDX-License-Identifier: Apache-2.0", path
        assert lines[2].startswith("# fact: ") and lines[3].startswith("# ref: reference/"), path


def test_golden_model_agrees() -> None:
    witnessed = [path for path in FILES if "# witness: reference" not in path.read_text()]
    assert len(witnessed) > 400
    for path in witnessed:
        failures, checks = replay_file(path)
        assert not failures and checks, failures


if __name__ == "__main__":
    sys.exit(pytest.main([__file__]))
