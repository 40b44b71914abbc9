# SPDX-License-Identifier: Apache-2.0
"""scripts/campaign [--kind K ...] [--minutes N]: the long runs, and their ledger.

Takes turns among the kinds, a round with a seed of its own each, until the time is over; the round under way is done to
its end. Each round that came to its end adds a row to docs/assurance/ledger.csv: date, commit, kind, part, seed, how
many were done, findings, seconds of processor time, command. The next call goes on with the next seeds, on this machine
or, with --first-seed, beside others: rows are put together by appending them, and a round counts once. The tree must be
as committed. docs/assurance.md says what is counted, and what came out.

  --list         the kinds, what was done of each until now, and what is wanted
  --times DIR    measures the layers of tests in the build folder DIR (--layer NAME: only that one)
  --page         writes the tables of docs/assurance.md from the ledger
  --check        exits with status 1 when they are not those of the ledger
"""
from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import layers, ledger, page, rounds
from .kinds import NAMES, chosen

LEDGER = rounds.ROOT / "docs/assurance/ledger.csv"


def parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/campaign", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", action="append", default=[], choices=NAMES, help="default: all, in turn")
    parser.add_argument("--part", action="append", default=[], help="of the kinds, only these: a fuzzer, an executor")
    parser.add_argument("--minutes", type=float, default=10, help="begin no round after this time (default 10)")
    parser.add_argument("--scale", type=float, default=1, help="rounds longer or shorter by this factor")
    parser.add_argument("--first-seed", type=int, default=1, help="begin with this seed where it is higher: other machines take other ranges")
    parser.add_argument("--jobs", type=int, default=2, help="rounds at a time, and for building (default 2)")
    parser.add_argument("--ledger", type=Path, default=LEDGER, help="another ledger")
    parser.add_argument("--times", type=Path, metavar="DIR", help="run the layers of tests in this build folder, and keep what each takes")
    parser.add_argument("--layer", action="append", default=[], choices=[layer.name for layer in layers.LAYERS])
    for action in ("list", "page", "check"):
        parser.add_argument(f"--{action}", action="store_true")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    args = parse(argv)
    try:
        rows = ledger.read(args.ledger)
        if args.list:
            print(page.listing(rows))
            return 0
        if args.times:
            return layers.update(page.TIMES, args.times, args.layer)
        if args.page or args.check:
            return page.update(rows, check=args.check)
        kinds = [kind for kind in chosen(args.kind) if not args.part or kind.part in args.part]
        if not kinds:
            sys.exit(f"scripts/campaign: no kind has a part {', '.join(args.part)}; see --list")
        return rounds.run(kinds, args.ledger, args.minutes, args.scale, args.first_seed, args.jobs)
    except ledger.LedgerError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    sys.exit(main())
