# SPDX-License-Identifier: Apache-2.0
"""Makes a failing trace small: records go while it still fails.

What fails without caches may lose any record, because the golden model states the rest again. What fails only
with caches keeps its writes and commands: without an invalidation it would fail for another reason.
"""
from __future__ import annotations

import time
from pathlib import Path

from golden.trace import TraceError

from .restate import restate
from .runner import Runner

DROPPABLE = ("dma ", "ats ", "int ", "pri ", "mmio_read ", "expect_mem ")
STATED = ("ok", "fault", "expect_event", "expect_ppr", "expect_ga", "expect_atc_inv", "expect_prg", "expect_count",
          "expect_irq")


def actions(text: str) -> list[str]:
    return [line for line in text.splitlines()[1:]
            if line and not line.startswith("#") and line.split()[0] not in STATED]


class Shrinker:
    def __init__(self, runner: Runner, mode: str, scratch: Path, seconds: float) -> None:
        self.runner, self.mode, self.scratch = runner, mode, scratch
        self.deadline = time.monotonic() + seconds

    def fails(self, lines: list[str]) -> str | None:
        """The restated text if it still fails."""
        try:
            text = restate("amdvi-trace 1\n" + "\n".join(lines) + "\n")
        except (TraceError, AssertionError, KeyError):
            return None
        self.scratch.write_text(text, encoding="utf-8")
        return text if self.runner.play([self.scratch], self.mode) else None

    def droppable(self, line: str) -> bool:
        return self.mode == "off" or line.startswith(DROPPABLE)

    def shrink(self, text: str, line: int) -> str | None:
        """`line`: of the first failure; nothing behind it matters."""
        lines = actions("\n".join(text.splitlines()[:line]))
        best = self.fails(lines)
        if best is None:
            return None
        size = max(len(lines) // 2, 1)
        while size and time.monotonic() < self.deadline:
            lines, best, progress = self._pass(lines, best, size)
            size = size if progress and size > 1 else size // 2
        return best

    def _pass(self, lines: list[str], best: str, size: int) -> tuple[list[str], str, bool]:
        progress, at = False, 0
        while at < len(lines) and time.monotonic() < self.deadline:
            chunk = lines[at:at + size]
            fewer = lines[:at] + [line for line in chunk if not self.droppable(line)] + lines[at + size:]
            found = self.fails(fewer) if len(fewer) < len(lines) else None
            if found is None:
                at += size
            else:
                lines, best, progress = fewer, found, True
        return lines, best, progress
