# SPDX-License-Identifier: Apache-2.0
"""The comparison itself: that it is the same each time, and that it sees a device that does wrong."""
from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
amdvi = pytest.importorskip("amdvi")
from sidebyside import __main__ as command, rounds, shrink  # noqa: E402  the package lies in the folder above


@pytest.fixture
def wrong(monkeypatch):
    """A device that sets no accessed bits."""
    plain = rounds.Round._config
    monkeypatch.setattr(rounds.Round, "_config", lambda self: plain(self) | {"walk.hardware_ad": "off"})


def test_a_seed_decides_everything():
    first, second = ([*islice(rounds.Round("a").actions(), 200)] for _ in range(2))
    assert first == second
    assert first != [*islice(rounds.Round("b").actions(), 200)]


def test_rounds_have_answers_of_all_kinds():
    kinds = {type(action).__name__ for n in range(6) for action in islice(rounds.Round(f"kinds {n}").actions(), 300)}
    assert kinds == {"Ask", "Edit", "Interrupt", "Page", "Drain"}


def test_a_wrong_device_is_found_and_the_trace_is_small(wrong, tmp_path):
    report = command.one_round(("wrong", 2000, tmp_path, 10))
    assert report.text and "memory at" in report.text
    path, = tmp_path.glob("*.trace")
    assert len(path.read_text().splitlines()) < 60
    assert not amdvi.replay(path).ok
    assert amdvi.replay(path, {"walk.hardware_ad": "on"}).ok


def test_a_right_device_passes(tmp_path):
    report = command.one_round(("right", 1000, tmp_path, 1))
    assert report.text is None and report.requests >= 1000


def test_a_run_as_trace_replays(tmp_path):
    """What the shrinker writes means the same to the replayer."""
    _, setting, actions, text = rounds.run("written", 200)
    assert text is None
    trace = shrink.as_trace(setting, actions, "written")
    assert amdvi.replay_text(trace).ok
