# SPDX-License-Identifier: GPL-2.0-or-later
"""The score sheet: text, HTML, JUnit."""
from __future__ import annotations

import importlib.util
import xml.etree.ElementTree as xml
from pathlib import Path

from .errors import KitError
from .trials import HELD, UNTRIED, WRONG, Row, Sheet

TEMPLATE = Path(__file__).with_name("sheet.html")


def points(sheet: Sheet) -> tuple[int, int]:
    """Held, and judged: what was not tried does not count."""
    states = [row.state for _, rows in sheet for row in rows]
    return states.count(HELD), len(states) - states.count(UNTRIED)


def count(rows: list[Row], state: str) -> int:
    return sum(row.state == state for row in rows)


def check() -> None:
    """Whether a sheet can be made at all: better said before an hour of machines than after it."""
    if importlib.util.find_spec("jinja2") is None:
        raise KitError("the sheet needs python3-jinja2")


def write_html(sheet: Sheet, title: str, path: Path) -> None:
    import jinja2
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    held, demanded = points(sheet)
    text = environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        title=title, sheet=sheet, held=held, demanded=demanded)
    path.write_text(text, encoding="utf-8")


def write_junit(sheet: Sheet, title: str, path: Path) -> None:
    rows = [row for _, judged in sheet for row in judged]
    top = xml.Element("testsuites", name=title, tests=str(len(rows)), failures=str(count(rows, WRONG)),
                      skipped=str(count(rows, UNTRIED)))
    for trial, judged in sheet:
        suite = xml.SubElement(top, "testsuite", name=trial.name, tests=str(len(judged)), failures=str(count(judged, WRONG)),
                               skipped=str(count(judged, UNTRIED)))
        for row in judged:
            case = xml.SubElement(suite, "testcase", classname=trial.name, name=row.demand.name)
            if row.state == WRONG:
                xml.SubElement(case, "failure", message=row.text[:500]).text = f"A driver must {row.demand.must}. Seen: {row.text}"
            elif row.state == UNTRIED:
                xml.SubElement(case, "skipped", message=row.text[:500])
    xml.ElementTree(top).write(path, encoding="utf-8", xml_declaration=True)


def line_of(name: str, rows: list[Row]) -> str:
    untried = count(rows, UNTRIED)
    return f"{name:14} {count(rows, HELD)} of {len(rows) - untried}" + (f", {untried} not tried" if untried else "")


def as_text(sheet: Sheet) -> str:
    lines = []
    for trial, judged in sheet:
        lines.append(line_of(trial.name, judged))
        lines += [f"    {row.demand.name}: a driver must {row.demand.must}: {row.text[:300]}" for row in judged if row.state == WRONG]
        lines += [f"    {row.demand.name}: not tried: {row.text[:300]}" for row in judged if row.state == UNTRIED]
    return "\n".join([*lines, "{} of {} demands held".format(*points(sheet))])
