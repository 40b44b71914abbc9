# SPDX-License-Identifier: Apache-2.0
"""python3 -m sidebyside [--requests N] [--seed S] [--jobs J] [--keep DIR]

Random tables, requests, table edits with the invalidations they require, interrupts and page requests, on the golden
model and on the device at the same time. Needs the package amdvi in PYTHONPATH. A run that ends in a difference is
made small and kept in DIR as a trace; its name has the seed of its round, which alone decides what happens:

    PYTHONPATH=../../build/release/python python3 -m sidebyside --round 1.17
"""
from __future__ import annotations

import argparse
import itertools
import multiprocessing
import os
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import rounds, shrink


PROGRESS = 100_000  # requests


@dataclass
class Report:
    """What a round came to."""

    seed: str
    requests: int
    text: str | None = None
    kept: str | None = None


def one_round(task: tuple[str, int, Path, float]) -> Report:
    seed, requests, folder, seconds = task
    made, setting, actions, text = rounds.run(seed, requests)
    if text is None:
        return Report(seed, made)
    small = shrink.shrink(setting, actions, seconds)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"sidebyside_{seed}.trace"
    path.write_text(shrink.as_trace(setting, small, f"round {seed}: {text}"), encoding="utf-8")
    return Report(seed, made, text, f"{path} ({len(small)} actions)")


def parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sidebyside", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=20000)
    parser.add_argument("--seed", help="a number or 'random'; default: AMDVI_TEST_SEED, else 1")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=Path("sidebyside-failures"), help="folder for failing traces")
    parser.add_argument("--shrink", type=float, default=20, help="seconds for each failure")
    parser.add_argument("--round", help="only the round of this seed")
    args = parser.parse_args(argv)
    seed = args.seed or os.environ.get("AMDVI_TEST_SEED") or "1"
    args.seed = random.SystemRandom().getrandbits(31) if seed == "random" else int(seed)
    return args


def tasks(args: argparse.Namespace) -> Iterator[tuple[str, int, Path, float]]:
    if args.round:
        yield args.round, rounds.ROUND, args.keep, args.shrink
        return
    left = args.requests
    for number in itertools.count():
        if left <= 0:
            return
        yield f"{args.seed}.{number}", min(left, rounds.ROUND), args.keep, args.shrink
        left -= rounds.ROUND


def main(argv: list[str] | None = None) -> int:
    args = parse(argv)
    print(f"seed {args.seed}", flush=True)
    start, requests, failed = time.monotonic(), 0, 0
    with multiprocessing.Pool(args.jobs) as pool:
        for report in pool.imap_unordered(one_round, tasks(args)):
            requests += report.requests
            if requests // PROGRESS > (requests - report.requests) // PROGRESS:
                print(f"{requests} requests, {time.monotonic() - start:.0f} s", flush=True)
            if report.text:
                failed += 1
                print(f"round {report.seed}: {report.text}\n    kept as {report.kept}", flush=True)
            if failed > 20:
                pool.terminate()
                break
    seconds = time.monotonic() - start
    print(f"{requests} requests in {seconds:.1f} s ({requests / seconds:.0f}/s), {failed} rounds differ")
    return 1 if failed or not requests else 0


if __name__ == "__main__":
    sys.exit(main())
