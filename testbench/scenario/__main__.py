# SPDX-License-Identifier: Apache-2.0
"""python3 -m scenario --kind NAME --seed N --out DIR [--steps N]"""
from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable
from pathlib import Path

from . import corners, matrices, mixes

KINDS: dict[str, Callable[[int, int], matrices.Traces]] = {
    "v1": matrices.v1_matrix, "v2": matrices.v2_matrix, "int": matrices.int_matrix, "cmd": matrices.cmd_matrix,
    "dte": matrices.dte_matrix, "efr": matrices.efr_matrix, "corner": corners.corner_matrix,
    "open": corners.open_matrix, **mixes.KINDS,
}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="scenario", description=__doc__)
    parser.add_argument("--kind", required=True, choices=[*KINDS, "all"])
    parser.add_argument("--seed", type=int, help="default: a new one, printed")
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--steps", type=int, default=2000, help="length of the random kinds")
    args = parser.parse_args(argv)
    seed = args.seed if args.seed is not None else random.SystemRandom().getrandbits(32)
    print(f"seed {seed}")
    args.out.mkdir(parents=True, exist_ok=True)
    for kind in KINDS if args.kind == "all" else [args.kind]:
        for name, built in KINDS[kind](seed, args.steps).items():
            path = args.out / f"{name}_{seed}.trace"
            path.write_text(built.text(), encoding="utf-8")
            print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
