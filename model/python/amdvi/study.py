# SPDX-License-Identifier: Apache-2.0
"""Tables that `amdvi study` has left: a row a point, columns with their unit in the name.

>>> table = amdvi.study.load("studies/tenants")      # doctest: +SKIP
>>> table.line("shared", "share_pct")                # doctest: +SKIP
[(1, 99.8), (2, 97.1)]
"""
from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from .errors import AmdviError

Value = int | float | str | None


@dataclass(frozen=True)
class Table:
    """The points of one study. `variant` and `x` say which point a row is, `seed` and `hash` of its whole configuration
    how to make it again, `error` why it has no metrics; the other columns are metrics, None where a point has none."""

    name: str
    columns: list[str]
    rows: list[dict[str, Value]]

    @property
    def metrics(self) -> list[str]:
        return [name for name in self.columns if name not in ("variant", "x", "hash", "seed", "error")]

    @property
    def variants(self) -> list[str]:
        return list(dict.fromkeys(str(row["variant"]) for row in self.rows))

    @property
    def failed(self) -> list[dict[str, Value]]:
        return [row for row in self.rows if row.get("error")]

    def line(self, variant: str, metric: str) -> list[tuple[Value, Value]]:
        """(x, value) of the points of a variant that have the metric. ARGUMENT for a name that is not there."""
        if metric not in self.metrics:
            raise AmdviError(f"{self.name}: no metric {metric!r}; there are {', '.join(self.metrics)}")
        if variant not in self.variants:
            raise AmdviError(f"{self.name}: no variant {variant!r}; there are {', '.join(self.variants)}")
        return [(row["x"], row[metric]) for row in self.rows if row["variant"] == variant and row[metric] is not None]

    def pandas(self) -> Any:
        """As a DataFrame; takes python3-pandas."""
        from pandas import DataFrame
        return DataFrame(self.rows, columns=self.columns)


def load(folder: str | PathLike[str]) -> Table:
    """The table of a study's folder of results. ARGUMENT when there is none, or it is damaged."""
    path = Path(folder, "table.sqlite")
    if not path.is_file():
        raise AmdviError(f"{path}: there is no table; amdvi study writes it")
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as base:
            found = base.execute("SELECT * FROM point ORDER BY rowid")
            columns = [column[0] for column in found.description]
            return Table(Path(folder).name, columns, [dict(zip(columns, row)) for row in found])
    except sqlite3.Error as error:
        raise AmdviError(f"{path}: {error}") from None
