# SPDX-License-Identifier: Apache-2.0
"""Every given trace holds."""
from __future__ import annotations

from pathlib import Path

from golden.replay import replay_file


def test_given_trace_holds(given_trace: Path) -> None:
    failures, checks = replay_file(given_trace)
    assert failures == []
    assert checks > 0
