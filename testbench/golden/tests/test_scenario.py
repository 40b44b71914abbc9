# SPDX-License-Identifier: Apache-2.0
"""Generated traces: the same seed gives the same bytes, and they hold."""
from __future__ import annotations

from pathlib import Path

import pytest

from golden.replay import Replayer
from golden.trace import parse
from scenario.__main__ import KINDS


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_generated_traces_hold(kind: str) -> None:
    first = {name: built.text() for name, built in KINDS[kind](5, 120).items()}
    again = {name: built.text() for name, built in KINDS[kind](5, 120).items()}
    assert first == again
    for name, text in first.items():
        assert Replayer(name, parse(text), Path(".")).run() == []
