# SPDX-License-Identifier: Apache-2.0
"""python3 -m differential --runner replay-all --work DIR [--seed N] [--seconds S | --requests N] [--kind K ...]

Generates scenarios with the golden model's expectations until the time is over or enough requests were made,
replays them on the device with caches on and off, and reports what differs with its seed. A failing trace is
made small and kept in DIR/shrunk. A long run:

    python3 -m differential --runner build/release/testbench/traces/replay-all --work build/long --requests 1000000 --seed random
"""
from __future__ import annotations

import argparse
import itertools
import os
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from scenario.__main__ import KINDS

from .runner import MODES, Failure, Runner
from .shrink import Shrinker

REQUESTS = ("dma ", "ats ", "int ", "pri ")
CHECKS = ("ok", "fault", "expect_")
STEPS = 1000


def write_scenarios(kind: str, seed: int, work: Path) -> tuple[list[Path], int, int]:
    """The files, and how many requests and checks are in them."""
    paths, requests, checks = [], 0, 0
    for name, built in KINDS[kind](seed, STEPS).items():
        path = work / f"{name}_{seed}.trace"
        path.write_text(built.text(), encoding="utf-8")
        paths.append(path)
        requests += sum(line.startswith(REQUESTS) for line in built.lines)
        checks += sum(line.startswith(CHECKS) for line in built.lines)
    return paths, requests, checks


def first_failures(failures: list[Failure]) -> Iterator[Failure]:
    """One for each file: the others may follow from it."""
    for _, group in itertools.groupby(sorted(failures, key=lambda f: (f.path, f.line)), key=lambda f: f.path):
        yield next(group)


def report(failure: Failure, runner: Runner, work: Path, seconds: float) -> None:
    print(f"{failure.path.name}:{failure.line}: caches={failure.mode}: {failure.text}")
    shrunk = work / "shrunk"
    shrunk.mkdir(parents=True, exist_ok=True)
    shrinker = Shrinker(runner, failure.mode, shrunk / "scratch.trace", seconds)
    text = shrinker.shrink(failure.path.read_text(encoding="utf-8"), failure.line)
    kept = shrunk / f"{failure.path.stem}_{failure.mode}.trace"
    kept.write_text(text or failure.path.read_text(encoding="utf-8"), encoding="utf-8")
    print(f"    kept as {kept} ({len((text or '').splitlines()) or 'not shrunk'} lines)", flush=True)


def parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="differential", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runner", required=True, type=Path)
    parser.add_argument("--work", required=True, type=Path)
    parser.add_argument("--seed", help="a number or 'random'; default: AMDVI_TEST_SEED, else 1")
    parser.add_argument("--seconds", type=float, default=30, help="stop generating after this time")
    parser.add_argument("--requests", type=int, help="stop after this many requests instead")
    parser.add_argument("--kind", action="append", choices=[k for k in KINDS], help="default: all")
    parser.add_argument("--shrink", type=float, default=20, help="seconds for each trace that fails")
    args = parser.parse_args(argv)
    seed = args.seed or os.environ.get("AMDVI_TEST_SEED") or "1"
    args.seed = random.SystemRandom().getrandbits(31) if seed == "random" else int(seed)
    return args


def main(argv: list[str] | None = None) -> int:
    args = parse(argv)
    args.work.mkdir(parents=True, exist_ok=True)
    runner, start, requests, checks, failed = Runner(args.runner), time.monotonic(), 0, 0, 0
    print(f"seed {args.seed}")
    kinds = args.kind or list(KINDS)
    for seed, kind in ((args.seed + n, kind) for n in itertools.count() for kind in kinds):
        paths, made, checked = write_scenarios(kind, seed, args.work)
        requests += made
        checks += checked
        for mode in MODES:
            for failure in first_failures(runner.play(paths, mode)):
                failed += 1
                report(failure, runner, args.work, args.shrink)
        for path in paths:
            path.unlink()
        over = requests >= args.requests if args.requests else time.monotonic() - start > args.seconds
        if over or failed > 20:
            break
    print(f"{requests} requests, {checks} generated checks, {failed} traces differ")
    return 1 if failed or not requests else 0


if __name__ == "__main__":
    sys.exit(main())
