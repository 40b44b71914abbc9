# SPDX-License-Identifier: Apache-2.0
"""The device under test: replay-all on a set of files, with caches on and off."""
from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

MODES = ("on", "off")
FAILURE = re.compile(r"^(?P<file>.+?\.trace):(?P<line>\d+): (?P<text>.*)$")

# Points where the golden model does not follow the reference: (what the failure says, why it does not count).
KNOWN = (
    (re.compile(r"fault: expected reply=drop got reply=abort$"), "a translated write is answered: trace rule 5"),
    (re.compile(r"fault: expected reply=abort got reply=drop$"), "a page request that a full log loses: 7.7"),
)


@dataclass(frozen=True)
class Failure:
    """One check that did not hold."""

    path: Path
    line: int
    text: str
    mode: str


class Runner:
    def __init__(self, program: Path) -> None:
        self.program = program

    def play(self, paths: list[Path], mode: str) -> list[Failure]:
        done = subprocess.run([self.program, "--set", f"caches={mode}", *paths], capture_output=True, text=True)
        found = [match for line in done.stdout.splitlines() if (match := FAILURE.match(line))]
        if done.returncode not in (0, 1, 2) or (done.returncode and not found):
            return [Failure(path, 0, f"exit status {done.returncode}: {(done.stdout + done.stderr)[-500:]}", mode) for path in paths[:1]]
        return [Failure(Path(one["file"]), int(one["line"]), one["text"], mode)
                for one in found if not any(pattern.search(one[0]) for pattern, _ in KNOWN)]
