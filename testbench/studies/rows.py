# SPDX-License-Identifier: Apache-2.0
"""Rows of the validation (rows/*.yaml) as a C table.

    python3 testbench/studies/rows.py OUT.c

A row names what is measured (the function row_MEASURE), what was published and where, the tolerance in words, what was
fitted (at most one parameter), how many `seconds` it takes when it is built for use (to say how far a run is), `settings` that the measurement takes, and `checks`: a metric that comes out, and its
`value` (exact, or within `within_percent`), or `least` and `most`.
"""
from __future__ import annotations

import sys
from pathlib import Path

import yaml

TEXTS = ("id", "what", "published", "source", "tolerance", "fitted", "remark")
NEEDED = {"id", "measure", "what", "published", "source", "tolerance", "fitted", "exact", "seconds", "checks"}
ALLOWED = NEEDED | {"remark", "settings"}
MARK = "// SPDX-License-Identifier: Apache-2.0"


class RowError(Exception):
    """What is wrong, with its file."""


def bounds(check: dict) -> tuple[float, float]:
    """Least and most of a check."""
    if "value" in check:
        share = check.get("within_percent", 0) / 100
        low, high = check["value"] * (1 - share), check["value"] * (1 + share)
        return min(low, high), max(low, high)
    return check.get("least", float("-inf")), check.get("most", float("inf"))


def verify(row: dict) -> None:
    """Raises RowError for a field that is missing, unknown or of the wrong kind."""
    if set(row) - ALLOWED or NEEDED - set(row):
        raise RowError(f"fields: {sorted(set(row) ^ NEEDED)} unknown or missing")
    if not isinstance(row["exact"], bool) or not row["checks"]:
        raise RowError("exact: true or false; checks: at least one")
    for check in row["checks"]:
        if set(check) - {"metric", "value", "within_percent", "least", "most"} or "metric" not in check or len(check) < 2 \
                or ("value" in check and {"least", "most"} & set(check)) or ("within_percent" in check and "value" not in check):
            raise RowError(f"checks: {check}: metric, and value [within_percent], or least and most")
    if row["exact"] and any("within_percent" in check for check in row["checks"]):
        raise RowError("checks: an exact row has no within_percent")
    if not isinstance(row["seconds"], (int, float)) or row["seconds"] <= 0:
        raise RowError("seconds: a number above 0 is wanted")
    for name, value in row.get("settings", {}).items():
        if not isinstance(value, (int, float)):
            raise RowError(f"settings: {name}: a number is wanted")


def load(folder: Path) -> list[dict]:
    """All rows in the order of their numbers."""
    rows = []
    for file in sorted(folder.glob("V*.yaml"), key=lambda path: int(path.stem[1:])):
        row = yaml.safe_load(file.read_text(encoding="utf-8"))
        try:
            verify(row)
            if row["id"] != file.stem:
                raise RowError(f"id: '{row['id']}' is not the file's name")
        except RowError as error:
            raise RowError(f"{file}: {error}") from error
        rows.append(row)
    return rows


def quoted(text: object) -> str:
    return '"' + str(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def number(value: float) -> str:
    return "INFINITY" if value == float("inf") else "-INFINITY" if value == float("-inf") else repr(float(value))


def table(rows: list[dict]) -> str:
    lines = [MARK, "/* Generated from testbench/studies/rows/. */", '#include "testbench/studies/rows.h"', "", "#include <math.h>", ""]
    for row in rows:
        settings = [f"{{{quoted(name)}, {number(value)}}}" for name, value in row.get("settings", {}).items()]
        checks = [f"{{{quoted(check['metric'])}, {number(bounds(check)[0])}, {number(bounds(check)[1])}}}" for check in row["checks"]]
        lines += [f"static const struct validation_setting settings_{row['id']}[] = {{{', '.join([*settings, '{0, 0}'])}}};",
                  f"static const struct validation_check checks_{row['id']}[] = {{{', '.join([*checks, '{0, 0, 0}'])}}};"]
    lines += ["", "const struct row_case row_cases[] = {"]
    for row in rows:
        texts = ", ".join(quoted(row.get(name, "")) for name in TEXTS)
        lines.append(f"    {{{{{texts}, {'true' if row['exact'] else 'false'}, {number(row['seconds'])}, settings_{row['id']}, checks_{row['id']}}}, "
                     f"row_{row['measure']}}},")
    return "\n".join([*lines, "    {{0, 0, 0, 0, 0, 0, 0, false, 0, 0, 0}, 0}};", ""])


def main() -> None:
    try:
        Path(sys.argv[1]).write_text(table(load(Path(__file__).resolve().parent / "rows")), encoding="utf-8")
    except RowError as error:
        sys.exit(f"rows.py: {error}")


if __name__ == "__main__":
    main()
