# SPDX-License-Identifier: Apache-2.0
"""Traces of the rows of rule tables that have neither number nor name (rule_rows.yaml)."""
from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import traces
import yaml

Shown = list[str] | str  # names of traces, or why there are none


@cache
def listed() -> dict[str, dict[str, Shown]]:
    """section -> begin of a row -> what shows it"""
    return yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))


def _begin(line: str) -> str:
    return " ".join(line.strip().strip("|").split())


def shown(section: str, line: str) -> Shown | None:
    """Of one row; None when nothing is said of it."""
    return next((what for begin, what in listed()[section].items() if _begin(line).startswith(begin)), None)


class RuleRows:
    """The rows of one table of rules, as reference_pages.py asks for them."""

    def __init__(self, section: str) -> None:
        self.section = section

    def more(self, line: str) -> str:
        what = shown(self.section, line) or ""
        if isinstance(what, str):
            return what
        known = {trace.name: trace for trace in traces.every()}
        return ", ".join(f'<a href="{known[f"{name}.trace"].href("../")}">{name}.trace</a>' for name in what)


def rows(section: str, page: str) -> Iterator[str]:
    """The rows of a section's tables, without heads."""
    inside, before = False, ""
    number = section.split(" ")[1]
    for line in page.split("\n"):
        if line.startswith("#"):
            inside = line.startswith(f"## {number} ")
        elif inside and line.startswith("|") and before.startswith("|") and not line.startswith("|---"):
            yield line
        before = line


def findings(section: str, page: str) -> Iterator[str]:
    """Rows of which nothing is said, what is said of no row, and traces that are not there."""
    found = list(rows(section, page))
    known = {trace.name for trace in traces.every()}
    yield from (f"{section}: nothing shows the row {line[:60]}" for line in found if not shown(section, line))
    for begin, what in listed()[section].items():
        if not any(_begin(line).startswith(begin) for line in found):
            yield f"{section}: no row begins with {begin!r}"
        if isinstance(what, list):
            yield from (f"{section}: no trace {name}" for name in what if f"{name}.trace" not in known)
