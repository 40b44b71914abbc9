# SPDX-License-Identifier: Apache-2.0
"""The tables of docs/assurance.md, made from the ledger."""
from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from . import layers
from .kinds import KINDS, NAMES
from .ledger import Row

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE, TIMES = DOCS / "assurance.md", DOCS / "assurance/times.csv"
# What is counted, and how much of it is wanted in all.
WANTED = {"differential": ("cases", 10_000_000), "isolation": ("runs", 10_000_000), "isolation-sanitized": ("runs", 1_000_000),
          "fuzz": ("executions", 100_000_000), "fuzz-sanitized": ("executions", 0), "interleavings": ("interleavings", 0),
          "mutation": ("mutants", 300)}


def table(head: list[str], lines: Iterable[list[str]]) -> str:
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *lines))


def hours(rows: list[Row]) -> str:
    return f"{sum(row.seconds for row in rows) / 3600:.3f}"


def days(rows: list[Row]) -> str:
    first, last = min(row.date for row in rows), max(row.date for row in rows)
    return first if first == last else f"{first} to {last}"


def counted(rows: list[Row]) -> int:
    return sum(row.count for row in rows)


def findings(rows: list[Row]) -> str:
    found, done = sum(row.findings for row in rows), counted(rows)
    if rows[0].kind == "mutation":
        return f"{found} survived: {100 * (done - found) / max(done, 1):.1f} % noticed"
    return str(found)


def hours_left(rows: list[Row], wanted: int) -> str:
    """At the speed of the rounds until now."""
    if not wanted:
        return "–"
    left, known = wanted - counted(rows), [row for row in rows if row.seconds]
    if left <= 0:
        return "0"
    return f"{left * sum(row.seconds for row in known) / counted(known) / 3600:.1f}" if known and counted(known) else "–"


def total_line(kind: str, rows: list[Row]) -> list[str]:
    unit, wanted = WANTED[kind]
    mine = [row for row in rows if row.kind == kind]
    goal = f"{wanted:,}" if wanted else "–"
    if not mine:
        return [kind, unit, goal, "0", "–", "0", "–", "–", "–"]
    commits = {row.commit for row in mine}
    return [kind, unit, goal, f"{counted(mine):,}", findings(mine), f"{len(mine)} of {len(commits)} commit{'s' * (len(commits) > 1)}",
            hours(mine), hours_left(mine, wanted), days(mine)]


def totals(rows: list[Row]) -> str:
    head = ["kind", "counted in", "wanted", "done", "findings", "rounds", "hours of a processor", "hours to go", "when"]
    return table(head, (total_line(kind, rows) for kind in NAMES))


def rate(rows: list[Row]) -> str:
    """How many one processor did in a second, of the rounds whose time is known."""
    known = [row for row in rows if row.seconds]
    if not known:
        return "–"
    a_second = counted(known) / sum(row.seconds for row in known)
    return f"{a_second:,.2f}" if a_second < 10 else f"{a_second:,.0f}"


def parts(rows: list[Row]) -> str:
    """Each kind's parts, with the command of the newest round."""
    lines = []
    for kind in KINDS:
        mine = [row for row in rows if (row.kind, row.part) == (kind.name, kind.part)]
        if mine:
            lines.append([kind.name, kind.part, f"{counted(mine):,}", findings(mine), rate(mine), mine[-1].commit, f"`{mine[-1].command}`"])
    return table(["kind", "part", "done", "findings", "a second", "newest commit", "newest command"], lines)


def map_of_tests(_: list[Row]) -> str:
    return table(["layer", "what it catches", "tests", "seconds of a processor", "measured", "by itself"], layers.lines(layers.read(TIMES)))


TABLES = {"totals": totals, "parts": parts, "layers": map_of_tests}


def filled(text: str, rows: list[Row]) -> str:
    """The page with its tables as they are now; each stands between two comments that name it."""
    for name, make in TABLES.items():
        begin, end = f"<!-- {name}: made by scripts/campaign --page -->\n", f"<!-- {name}: end -->"
        text = re.sub(rf"({re.escape(begin)}).*?({re.escape(end)})", lambda found: f"{found[1]}{make(rows)}\n{found[2]}", text, flags=re.S)
    return text


def update(rows: list[Row], check: bool, path: Path = PAGE) -> int:
    before = path.read_text(encoding="utf-8")
    after = filled(before, rows)
    if not check:
        path.write_text(after, encoding="utf-8")
    elif after != before:
        print(f"{path}: the tables are not those of the ledger: scripts/campaign --page")
        return 1
    return 0


def listing(rows: list[Row]) -> str:
    lines = []
    for kind in KINDS:
        done = counted([row for row in rows if (row.kind, row.part) == (kind.name, kind.part)])
        lines.append(f"{kind.name:20} {kind.part:13} {done:>13,} {WANTED[kind.name][0]}")
    wanted = (f"{kind:20} {counted([row for row in rows if row.kind == kind]):>13,} of {most:,} {unit}"
              for kind, (unit, most) in WANTED.items() if most)
    return "\n".join([*lines, "", *wanted])
