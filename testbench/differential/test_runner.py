# SPDX-License-Identifier: Apache-2.0
"""What a run of the device under test says, and that none of it gets lost."""
from pathlib import Path

import pytest

from differential.runner import Runner


@pytest.fixture(name="runner")
def made_up_runner(tmp_path):
    """A program that says so much and ends so."""
    def make(said, status):
        program = tmp_path / "program"
        program.write_text(f"#!/bin/sh\ncat <<'END'\n{said}\nEND\necho why >&2\nexit {status}\n", encoding="ascii")
        program.chmod(0o755)
        return Runner(program)
    return make


@pytest.mark.parametrize("file", ["work/dma_1.trace", "my work/dma_1.trace"])
def test_a_check_that_does_not_hold_is_a_failure_wherever_the_trace_lies(runner, file):
    failure, = runner(f"{file}:12: ok: expected pa=0x1 got pa=0x2\n0 passed, 1 failed", 1).play([Path(file)], "on")
    assert (failure.path, failure.line, failure.text) == (Path(file), 12, "ok: expected pa=0x1 got pa=0x2")


def test_what_is_known_counts_as_none(runner):
    assert runner("a.trace:3: fault: expected reply=drop got reply=abort", 1).play([Path("a.trace")], "on") == []
    assert runner("1 passed, 0 failed", 0).play([Path("a.trace")], "on") == []


@pytest.mark.parametrize("status", [1, 2, 77])
def test_a_failure_without_a_line_is_one(runner, status):
    failure, = runner("something else", status).play([Path("a.trace"), Path("b.trace")], "off")
    assert failure.path == Path("a.trace") and f"exit status {status}: something else" in failure.text and "why" in failure.text
