# SPDX-License-Identifier: Apache-2.0
"""Builds what is asked for, and does one round after the other until the time is over."""
from __future__ import annotations

import datetime
import os
import re
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from .kinds import Kind
from .ledger import Row, append, next_seed, read

ROOT = Path(__file__).resolve().parents[2]
WORK = "build/campaign-work"
# A sanitizer's finding ends the program like any other one. The heap keeps what was freed: to give it back after each
# input takes longer than to read one.
ENVIRONMENT = {"ASAN_OPTIONS": "abort_on_error=1:handle_abort=0:detect_leaks=1", "UBSAN_OPTIONS": "halt_on_error=1:abort_on_error=1",
               **dict.fromkeys(("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"), str(256 << 20)), "MALLOC_TOP_PAD_": str(64 << 20)}


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def commit() -> str:
    """Ends the program when a figure could not be repeated: the tree has changes beside the ledger."""
    if changes := git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs/assurance", ":!docs/assurance.md"):
        sys.exit(f"scripts/campaign: a round belongs to a commit, and the tree has changes:\n{changes}")
    return git("rev-parse", "HEAD")[:12]


def make(kinds: list[Kind], jobs: int) -> None:
    """One build folder for each preset, with what is asked for and nothing else."""
    for preset in dict.fromkeys(kind.preset for kind in kinds if kind.preset):
        targets = sorted({kind.target for kind in kinds if kind.preset == preset})
        for command in (["cmake", "--preset", preset], ["cmake", "--build", f"build/{preset}", "-j", str(jobs), "--target", *targets]):
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
            if done.returncode:
                sys.exit(f"scripts/campaign: this failed: {' '.join(command)}\n{(done.stdout + done.stderr)[-3000:]}")


def processor_time(text: str) -> float:
    """Of what the shell waited for: the last line that its `times` writes."""
    user, system = re.findall(r"(\d+)m([\d.]+)s", text)[-2:]
    return 60 * (int(user[0]) + int(system[0])) + float(user[1]) + float(system[1])


def one_round(kind: Kind, seed: int, size: int, at: str) -> Row | None:
    """None: it was stopped, and does not count."""
    (ROOT / WORK / f"corpus-{kind.part}").mkdir(parents=True, exist_ok=True)
    command = kind.command(seed, size, WORK)
    done = subprocess.run(["bash", "-c", f"({command}); status=$?; times >&2; exit $status"], cwd=ROOT, capture_output=True, text=True,
                          errors="replace", env={**ENVIRONMENT, **os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"})
    outcome = kind.outcome(done)
    if outcome is None or outcome[1]:
        log = ROOT / WORK / f"{kind.name}-{kind.part}-{seed}.log"
        log.write_text(done.stdout + done.stderr, encoding="utf-8")
        print(f"    its output: {log.relative_to(ROOT)}", flush=True)
    if outcome is None:
        return None
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    return Row(today, at, kind.name, kind.part, seed, *outcome, round(processor_time(done.stderr), 1), command)


@dataclass
class Turns:
    """Kinds in turn, each by one worker at a time: a round's files are its kind's."""

    kinds: list[Kind]
    ledger: Path
    first_seed: int
    scale: float
    end: float
    at: str
    findings: int = 0
    stopped: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> tuple[Kind, int] | None:
        with self.lock:
            if self.stopped or time.monotonic() >= self.end or not self.kinds:
                return None
            kind = self.kinds.pop(0)
            return kind, next_seed(read(self.ledger), kind.name, kind.part, self.first_seed)

    def give_back(self, kind: Kind, row: Row | None) -> None:
        with self.lock:
            self.kinds.append(kind)
            if row is None:
                self.stopped = True
                return
            append(self.ledger, row)
            self.findings += row.findings if kind.name != "mutation" else 0
        print(f"{row.kind:20} {row.part:13} seed {row.seed}: {row.count} done, {row.findings} findings, {row.seconds} s", flush=True)

    def work(self) -> None:
        while turn := self.take():
            kind, seed = turn
            self.give_back(kind, one_round(kind, seed, max(1, int(kind.size * self.scale)), self.at))


def run(kinds: list[Kind], ledger: Path, minutes: float, scale: float, first_seed: int, jobs: int) -> int:
    """Each row goes to the ledger as soon as its round is over. The exit status: 1 for findings, or a round that was stopped."""
    at = commit()
    make(kinds, jobs)
    turns = Turns(list(kinds), ledger, first_seed, scale, time.monotonic() + 60 * minutes, at)
    workers = [threading.Thread(target=turns.work) for _ in range(min(jobs, len(kinds)))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return 1 if turns.findings or turns.stopped else 0
