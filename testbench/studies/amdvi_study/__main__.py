# SPDX-License-Identifier: Apache-2.0
"""amdvi study: its help is in cli/study.c."""
from __future__ import annotations

import argparse
import os
import signal
import sqlite3
import sys
from pathlib import Path

from amdvi_study import page, recipe, runner, shapes, table

def arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="amdvi study", add_help=False, usage="see amdvi study --help")
    parser.add_argument("names", nargs="*")
    for short, long in (("-a", "--all"), ("-l", "--list"), ("-q", "--quick"), ("-n", "--no-sensitivity")):
        parser.add_argument(short, long, action="store_true")
    parser.add_argument("-o", "--out", default="studies")
    parser.add_argument("-s", "--set", action="append", default=[])
    parser.add_argument("-c", "--cores", type=int, default=os.cpu_count() or 1)
    parser.add_argument("-p", "--profile")
    parser.add_argument("-i", "--shard")
    return parser.parse_args(words)


def pairs(settings: list[str]) -> tuple[tuple[str, str], ...]:
    for text in settings:
        if "=" not in text:
            raise recipe.Wrong(f"--set wants FIELD=VALUE, not '{text}'")
    return tuple(tuple(text.split("=", 1)) for text in settings)  # type: ignore[misc]


def take_shard(text: str) -> tuple[int, int]:
    number, slash, of = text.partition("/")
    if not (slash and number.isdigit() and of.isdigit() and 1 <= int(number) <= int(of)):
        raise recipe.Wrong(f"--shard wants I/N with 1 <= I <= N, not '{text}'")
    return int(number), int(of)


def run_one(one: recipe.Recipe, options: argparse.Namespace) -> bool:
    """Whether every point ran and every shape holds."""
    extra = pairs(options.set)
    points = recipe.points(one, runner.version(), options.quick, extra)
    folder = (Path(options.out) / one.name).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    plan = runner.write_plan(one, points, folder)
    if options.shard:
        runner.shard(plan, *take_shard(options.shard))
        return True
    runner.sweep(plan, options.profile, options.cores)
    rows = table.read(folder, points)
    table.write_csv(rows, folder / "table.csv")
    table.write_sqlite(rows, folder / "table.sqlite")
    failed = [row for row in rows if row["error"]]
    for row in failed:
        print(f"{one.name}: {row['variant']} {row['x']}: {row['error']}", file=sys.stderr)
    checked = shapes.check(one, rows)
    for what, holds, found in checked:
        if not holds:
            print(f"{one.name}: shape: {what}: {found}", file=sys.stderr)
    moves = None if options.no_sensitivity or failed else page.sensitivity(one, extra)
    page.write(one, rows, checked, moves, folder)
    good = not failed and all(holds for _, holds, _ in checked)
    print(f"{one.name}: {len(rows)} points, {sum(holds for _, holds, _ in checked)} of {len(checked)} shapes hold: {folder / (one.name + '.html')}")
    return good


def compare(first: str, second: str, name: str, options: argparse.Namespace) -> bool:
    """Two folders of results of one study: of two trees, or with different --set."""
    rows = []
    for folder in (first, second):
        file = Path(folder) / name / "table.sqlite"
        if not file.exists():
            raise recipe.Wrong(f"{file}: no table is there")
        rows.append(read_table(file))
    found = table.compare(*rows)
    for variant, x, metric, a, b in found:
        print(f"{variant or name} {x}: {metric}: {a:.6g} -> {b:.6g} ({100 * (b / a - 1):+.2f} %)" if a else f"{variant or name} {x}: {metric}: 0 -> {b:.6g}")
    print(f"{len(found)} figures differ; seeds are equal, so no difference is noise")
    return True


def read_table(file: Path) -> list[table.Row]:
    with sqlite3.connect(file) as base:
        base.row_factory = sqlite3.Row
        return [{key: row[key] for key in row.keys() if row[key] is not None} for row in base.execute("SELECT * FROM point")]


def main(words: list[str]) -> int:
    options = arguments(words)
    if options.list:
        for name in recipe.names():
            print(f"{name:28} {recipe.load(name).question}")
        return 0
    if options.names[:1] == ["collect"] and len(options.names) > 2:
        print(f"{table.collect(Path(options.names[1]), [Path(name) for name in options.names[2:]])} results are new")
        return 0
    if options.names[:1] == ["compare"] and len(options.names) == 4:
        return 0 if compare(*options.names[1:], options) else 1
    chosen = [recipe.load(name) for name in (recipe.names() if options.all else options.names)]
    if not chosen:
        raise recipe.Wrong("which study? amdvi study --list")
    good = [run_one(one, options) for one in chosen]
    if not options.shard:
        page.gallery([recipe.load(name) for name in recipe.names()], Path(options.out))
    return 0 if all(good) else 1


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # a reader that has seen enough is no mistake
    try:
        sys.exit(main(sys.argv[1:]))
    except recipe.Wrong as wrong:
        print(f"amdvi study: {wrong}", file=sys.stderr)
        sys.exit(2)
