# SPDX-License-Identifier: Apache-2.0
"""Results as one tidy table: a row a point, columns with their unit; CSV and SQLite; shards of several machines joined."""
from __future__ import annotations

import csv
import json
import shutil
import sqlite3
from pathlib import Path

from amdvi_study.recipe import Point, Wrong

Row = dict[str, object]


def read(folder: Path, points: list[Point]) -> list[Row]:
    """In the order of the plan. A point that failed has its message in `error`, one that is missing "not run"."""
    rows = []
    for point in points:
        file = folder / "results" / f"{point.hash}.json"
        result = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {"error": "not run"}
        row: Row = {"variant": point.variant, "x": point.x, "hash": point.hash, "seed": result.get("seed"), "error": result.get("error", "")}
        rows.append(row | result.get("metrics", {}))
    return rows


def columns(rows: list[Row]) -> list[str]:
    found: dict[str, None] = {}
    for row in rows:
        found |= dict.fromkeys(row)
    return list(found)


def write_csv(rows: list[Row], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, columns(rows), restval="")
        writer.writeheader()
        writer.writerows(rows)


def write_sqlite(rows: list[Row], path: Path) -> None:
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    names = columns(rows)
    with sqlite3.connect(part) as base:
        base.execute(f"CREATE TABLE point({', '.join(json.dumps(name) for name in names)})")
        base.executemany(f"INSERT INTO point VALUES({', '.join('?' * len(names))})", [[row.get(name) for name in names] for row in rows])
    base.close()
    part.rename(path)


def collect(target: Path, sources: list[Path]) -> int:
    """Copies results that `target` does not have; how many. A point is its hash, so none counts twice."""
    (target / "results").mkdir(parents=True, exist_ok=True)
    count = 0
    for source in sources:
        if not (source / "results").is_dir():
            raise Wrong(f"{source}: no results are there")
        for file in sorted((source / "results").glob("*.json")):
            if not (target / "results" / file.name).exists():
                shutil.copy(file, target / "results" / file.name)
                count += 1
    return count


def line(rows: list[Row], variant: str, metric: str) -> list[tuple[object, float]]:
    """(x, value) of a variant's points that have the metric."""
    return [(row["x"], float(row[metric])) for row in rows if row["variant"] == variant and metric in row]


def points(rows: list[Row]) -> set[tuple[object, str]]:
    """Which points a table has."""
    return {(row["variant"], str(row["x"])) for row in rows}


def compare(one: list[Row], other: list[Row]) -> list[tuple[str, object, str, float, float]]:
    """(variant, x, metric, a, b) of what differs. Seeds are equal, so what differs is no noise."""
    second = {(row["variant"], str(row["x"])): row for row in other}
    found = []
    for row in one:
        match = second.get((row["variant"], str(row["x"])), {})
        for name, value in row.items():
            if isinstance(value, float) and name in match and match[name] != value:
                found.append((str(row["variant"]), row["x"], name, value, float(match[name])))
    return found
