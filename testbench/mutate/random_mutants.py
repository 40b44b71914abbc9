#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws defects at random and asks whether the tests notice.

    python3 testbench/mutate/random_mutants.py --work build/mutate-random --seed 7 --count 150

Each mutant changes one line of a function in tables/, cmdbuf/ or model/: a comparison or && and || swapped, a
number or a sign off by one, a condition negated, a statement deleted, an early return. The fast tests look at all,
then at what is left the other tests of the library, and the fast ones under sanitizers. Mutants that do not compile
or compile to the same code are drawn again. Results go to WORK/SEED.jsonl as they come; the same command goes on where
it was stopped. --show prints them; --again asks about the survivors once more, after tests were written.
"""
from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

from bench import NOT_BEGUN, ROOT, Bench
from draw import Mutant, draw

SAME, BROKEN, GONE = NOT_COUNTED = ("same code", "build", "line is gone")
NOT_YET = "not by the fast tests"
Results = dict[Mutant, "str | None"]


def plant(mutant: Mutant, tree: Path) -> str | None:
    """The text to put back; None if the line is gone. It may have moved since the mutant was drawn."""
    path = tree / mutant.file
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = text.split("\n")
    places = [at for at, line in enumerate(lines) if line == mutant.before]
    if not places:
        return None
    lines[min(places, key=lambda at: abs(at - mutant.line + 1))] = mutant.after
    path.write_text("\n".join(lines), encoding="utf-8")
    return text


def verdict(mutant: Mutant, bench: Bench, clean: str, further: bool) -> str | None:
    before = plant(mutant, bench.tree)
    if before is None:
        return GONE
    try:
        if not bench.make():
            return BROKEN
        if bench.code() == clean:
            return SAME
        if bench.refused():
            return "compiler"
        return bench.noticed_by() or (bench.noticed_further() if further else NOT_YET)
    finally:
        (bench.tree / mutant.file).write_text(before, encoding="utf-8")


def known(log: Path) -> Results:
    rows = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    return {Mutant(**row["mutant"]): row["noticed_by"] for row in rows}


def asked_with_other_seeds(log: Path) -> set[Mutant]:
    """What stands in the other logs of the folder: no change counts twice."""
    return {mutant for other in log.parent.glob("*.jsonl") if other != log for mutant in known(other)}


def ask(mutant: Mutant, bench: Bench, clean: str, log: Path, further: bool = False) -> str | None:
    start, by = time.monotonic(), verdict(mutant, bench, clean, further)
    with log.open("a", encoding="utf-8") as out:
        print(json.dumps({"mutant": asdict(mutant), "noticed_by": by}), file=out)
    print(f"{by or 'SURVIVED':40} {time.monotonic() - start:5.1f} s  {mutant.name()}", flush=True)
    return by


def must_pass_further(bench: Bench) -> None:
    bench.make()
    bench.prepare_sanitized()
    if by := bench.noticed_further():
        print(f"the tree without defects does not pass: {by}", file=sys.stderr)
        sys.exit(NOT_BEGUN)


def hunt(args: argparse.Namespace, log: Path, results: Results) -> None:
    bench = Bench.prepare(args.work.resolve(), args.jobs)
    if by := bench.noticed_by():
        print(f"the tree without defects does not pass: {by}", file=sys.stderr)
        sys.exit(NOT_BEGUN)
    clean, drawn = bench.code(), draw(bench.tree, args.seed)
    elsewhere = asked_with_other_seeds(log)
    counted = sum(by not in NOT_COUNTED for by in results.values())
    while counted < args.count and not args.again:
        mutant = next(drawn)
        if mutant not in results and mutant not in elsewhere:
            results[mutant] = ask(mutant, bench, clean, log)
            counted += results[mutant] not in NOT_COUNTED
    left = [mutant for mutant, by in results.items() if by == NOT_YET or (by is None and args.again)]
    if left:
        must_pass_further(bench)
    for mutant in left:
        results[mutant] = ask(mutant, bench, clean, log, further=True)


def summary(results: Results, seed: int) -> float:
    """Prints the survivors and the share that was noticed."""
    counted = {mutant: by for mutant, by in results.items() if by not in NOT_COUNTED}
    survivors = [mutant for mutant, by in counted.items() if by in (None, NOT_YET)]
    for mutant in survivors:
        print(f"SURVIVED {mutant.name()}")
    share = (len(counted) - len(survivors)) / max(len(counted), 1)
    print(f"seed {seed}: {len(counted)} mutants, {len(survivors)} survived, {100 * share:.1f} % noticed; not counted: "
          f"{len(results) - len(counted)} that do not compile or change nothing")
    return share


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=ROOT / "build/mutate-random")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=150)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--demand", type=float, default=0.95, help="share of noticed mutants")
    parser.add_argument("--again", action="store_true", help="ask about the survivors once more, draw no others")
    parser.add_argument("--show", action="store_true", help="only what is known already")
    args = parser.parse_args(argv)
    args.work.mkdir(parents=True, exist_ok=True)
    log = args.work / f"{args.seed}.jsonl"
    results = known(log)
    if not args.show:
        hunt(args, log, results)
    return 0 if summary(results, args.seed) >= args.demand else 1


if __name__ == "__main__":
    sys.exit(main())
