#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plants single-line defects one at a time and asks whether the fast tests notice.

    python3 testbench/mutate/mutate.py --work build/mutate [--only TEXT] [--jobs N]

Works on a private copy of the tree, rebuilt incrementally. A defect is killed when a test fails, crashes or
hangs; the status is 0 when the share of killed defects reaches --demand.
"""
from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import yaml

from bench import NOT_BEGUN, Bench

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Defect:
    file: str
    find: str
    replace: str
    ref: str

    def plant(self, tree: Path) -> str | None:
        """The text to put back; None if the place is not there exactly once."""
        path = tree / self.file
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        if text.count(self.find) != 1:
            return None
        path.write_text(text.replace(self.find, self.replace), encoding="utf-8")
        return text


def report(defects: list[Defect], bench: Bench) -> tuple[int, list[Defect], list[Defect]]:
    killed, survived, lost = 0, [], []
    for number, defect in enumerate(defects, 1):
        start, before = time.monotonic(), defect.plant(bench.tree)
        if before is None:
            lost.append(defect)
            print(f"{number:3} LOST      {defect.file}: {defect.find!r} is not there once", flush=True)
            continue
        by = bench.noticed_by()
        (bench.tree / defect.file).write_text(before, encoding="utf-8")
        killed += by is not None
        if by is None:
            survived.append(defect)
        verdict = f"killed by {by}" if by else "SURVIVED"
        print(f"{number:3} {verdict:45} {time.monotonic() - start:4.1f} s  {defect.file} [{defect.ref}] "
              f"{defect.find!r} -> {defect.replace!r}", flush=True)
    return killed, survived, lost


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--defects", type=Path, default=HERE / "defects.yaml")
    parser.add_argument("--only", default="", help="defects whose file, text or row contains this")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--demand", type=float, default=0.9, help="share of killed defects")
    args = parser.parse_args(argv)
    listed = [Defect(**{key: str(value) for key, value in row.items()}) for row in yaml.safe_load(args.defects.read_text())]
    chosen = [one for one in listed if args.only in f"{one.file} {one.find} {one.ref}"]
    bench = Bench.prepare(args.work.resolve(), args.jobs)
    if by := bench.noticed_by():
        print(f"the tree without defects does not pass: {by}", file=sys.stderr)
        sys.exit(NOT_BEGUN)
    killed, survived, lost = report(chosen, bench)
    tried = killed + len(survived)
    print(f"{killed} of {tried} killed ({100 * killed / max(tried, 1):.0f} %), {len(lost)} not found")
    return 0 if tried and killed >= args.demand * tried else 1


if __name__ == "__main__":
    sys.exit(main())
