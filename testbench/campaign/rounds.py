# SPDX-License-Identifier: Apache-2.0
"""Builds what is asked for, and does one round after the other until the time is over."""
from __future__ import annotations

import datetime
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

from .kinds import Kind
from .ledger import Row, append, next_seed, read

ROOT = Path(__file__).resolve().parents[2]
WORK = "build/campaign-work"
# A sanitizer's finding ends the program like any other one.
ENVIRONMENT = {"ASAN_OPTIONS": "abort_on_error=1:handle_abort=0:detect_leaks=1", "UBSAN_OPTIONS": "halt_on_error=1:abort_on_error=1"}


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


def one_round(kind: Kind, seed: int, size: int, at: str) -> Row | None:
    """None: it was stopped, and does not count."""
    (ROOT / WORK / f"corpus-{kind.part}").mkdir(parents=True, exist_ok=True)
    command, before = kind.command(seed, size, WORK), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, errors="replace",
                          env={**ENVIRONMENT, **os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    outcome = kind.outcome(done)
    if outcome is None or outcome[1]:
        log = ROOT / WORK / f"{kind.name}-{kind.part}-{seed}.log"
        log.write_text(done.stdout + done.stderr, encoding="utf-8")
        print(f"    its output: {log.relative_to(ROOT)}", flush=True)
    if outcome is None:
        return None
    seconds = round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    return Row(today, at, kind.name, kind.part, seed, *outcome, seconds, command)


def run(kinds: list[Kind], ledger: Path, minutes: float, scale: float, first_seed: int, jobs: int) -> int:
    """Takes turns among the kinds; each row goes to the ledger as soon as its round is over. Number of findings."""
    at, findings = commit(), 0
    make(kinds, jobs)
    end = time.monotonic() + 60 * minutes
    while True:
        for kind in kinds:
            if time.monotonic() >= end:
                return findings
            seed = next_seed(read(ledger), kind.name, kind.part, first_seed)
            row = one_round(kind, seed, max(1, int(kind.size * scale)), at)
            if row is None:
                return findings + 1
            append(ledger, row)
            findings += row.findings if kind.name != "mutation" else 0
            print(f"{row.kind:20} {row.part:13} seed {seed}: {row.count} done, {row.findings} findings, {row.seconds} s", flush=True)
