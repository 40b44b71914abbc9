# SPDX-License-Identifier: Apache-2.0
"""amdvi study: its help is in cli/study.c."""
from __future__ import annotations

import argparse
import importlib.util
import json
import os
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import NoReturn

try:
    from amdvi_study import plan, recipe, runner, table
except ModuleNotFoundError as missing:
    print(f"amdvi study: Python's module {missing.name} is not installed (Debian: python3-{missing.name})", file=sys.stderr)
    sys.exit(2)

MOST_CORES = 65536
PAGES_WANT = ("jinja2", "matplotlib")


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise recipe.Wrong(f"{message}; see amdvi study --help")


def arguments(words: list[str]) -> argparse.Namespace:
    parser = Parser(add_help=False)
    parser.add_argument("names", nargs="*")
    for short, long in (("-a", "--all"), ("-l", "--list"), ("-q", "--quick"), ("-n", "--no-sensitivity")):
        parser.add_argument(short, long, action="store_true")
    parser.add_argument("-o", "--out", default="studies")
    parser.add_argument("-s", "--set", action="append", default=[])
    parser.add_argument("-c", "--cores", type=int, default=os.cpu_count() or 1)
    parser.add_argument("-p", "--profile")
    parser.add_argument("-i", "--shard")
    return parser.parse_args(words)


def pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise recipe.Wrong(f"--set wants FIELD=VALUE, not '{text}'")
    return name, str(Path(value).resolve()) if name in recipe.FILES else value  # jobs run elsewhere


def take_shard(text: str) -> tuple[int, int]:
    number, slash, of = text.partition("/")
    if not (slash and number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
        raise recipe.Wrong(f"--shard wants I/N with 1 <= I <= N, not '{text}'")
    return int(number), int(of)


def run_shard(one: recipe.Recipe, wish: plan.Wish, text: str) -> bool:
    """Whether every point of the shard ran; what went wrong is said."""
    tasks = runner.shard(plan.point_tasks(one, wish), *take_shard(text))
    failed = [(task["point"], error) for task in tasks if (error := runner.error_of(task))]
    for point, error in failed:
        print(f"{one.name}: {point['variant']} {point['x']}: {error}", file=sys.stderr)
    return not failed


def say(one: recipe.Recipe, folder: Path) -> bool:
    """A line a study, with what went wrong above it; whether every point ran and every shape holds."""
    verdict = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
    for line in verdict["failed"]:
        print(f"{one.name}: {line}", file=sys.stderr)
    for what, holds, found in verdict["shapes"]:
        if not holds:
            print(f"{one.name}: shape: {what}: {found}", file=sys.stderr)
    hold = sum(holds for _, holds, _ in verdict["shapes"])
    print(f"{one.name}: {verdict['points']} points, {hold} of {len(verdict['shapes'])} shapes hold: {folder / (one.name + '.html')}")
    return not verdict["failed"] and hold == len(verdict["shapes"])


def run_all(chosen: list[recipe.Recipe], wish: plan.Wish, options: argparse.Namespace) -> bool:
    """One plan for all studies. Whether every point ran and every shape holds."""
    for name in PAGES_WANT:
        if importlib.util.find_spec(name) is None:
            raise recipe.Wrong(f"{name} is not installed (Debian: python3-{name}); --shard 1/1 runs a study without page and pictures")
    from amdvi_study import gallery
    if len({one.name for one in chosen}) < len(chosen):
        raise recipe.Wrong("two of the studies have one name")
    plan.run(plan.write(chosen, wish, None if options.profile else options.cores), options.profile, options.cores)
    good = [say(one, plan.folder(one, wish)) for one in chosen]
    gallery.write([recipe.load(name) for name in recipe.names()], wish.out)
    return all(good)


def compare(first: str, second: str, name: str) -> None:
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
    failed = sum(bool(row.get("error")) for table_rows in rows for row in table_rows)
    alone = len(table.points(rows[0]) ^ table.points(rows[1]))
    print(f"{len(found)} figures differ; seeds are equal, so no difference is noise" + (f"; {failed} points failed and are not compared" if failed else "")
          + (f"; {alone} points are in one of the two only" if alone else ""))


def read_table(file: Path) -> list[table.Row]:
    try:
        with closing(sqlite3.connect(file)) as base:
            base.row_factory = sqlite3.Row
            return [{key: row[key] for key in row.keys() if row[key] is not None} for row in base.execute("SELECT * FROM point")]
    except sqlite3.Error as error:
        raise recipe.Wrong(f"{file}: {error}") from error


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
        compare(*options.names[1:])
        return 0
    chosen = [recipe.load(name) for name in (recipe.names() if options.all else options.names)]
    if not chosen:
        raise recipe.Wrong("which study? amdvi study --list")
    if not 1 <= options.cores <= MOST_CORES:
        raise recipe.Wrong(f"--cores wants 1 to {MOST_CORES}")
    wish = plan.Wish(Path(options.out), runner.version(), options.quick, tuple(map(pair, options.set)), not options.no_sensitivity)
    if options.shard is not None:
        return 0 if all([run_shard(one, wish, options.shard) for one in chosen]) else 1
    return 0 if run_all(chosen, wish, options) else 1


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # a reader that has seen enough is no mistake
    try:
        sys.exit(main(sys.argv[1:]))
    except (recipe.Wrong, runner.CannotRun) as wrong:
        print(f"amdvi study: {wrong}", file=sys.stderr)
    except OSError as error:
        print(f"amdvi study: {str(error.filename) + ': ' if error.filename else ''}{error.strerror}", file=sys.stderr)
    sys.exit(2)
