# SPDX-License-Identifier: Apache-2.0
"""The ledger: a row for each round that was done to its end.

Rows of several machines are put together by appending them; a round counts once, whoever ran it: kind, part, seed and
commit name it.
"""
from __future__ import annotations

import csv
import fcntl
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

MARK = "# SPDX-License-Identifier: Apache-2.0\n"


class LedgerError(ValueError):
    """Says file, line and field."""


@dataclass(frozen=True)
class Row:
    date: str  # UTC, YYYY-MM-DD
    commit: str  # 12 hexadecimal digits
    kind: str
    part: str  # which fuzzer, which executor; "-" where a kind has one part
    seed: int
    count: int  # executions, cases, runs, interleavings, mutants
    findings: int  # what should not have been: crashes, differences, mutants that nobody noticed
    seconds: float  # of processor time
    command: str

    def key(self) -> tuple[str, str, int, str]:
        return self.kind, self.part, self.seed, self.commit


COLUMNS = [field.name for field in fields(Row)]
FORMS = {"date": r"\d{4}-\d\d-\d\d", "commit": r"[0-9a-f]{12}", "kind": r"[a-z-]+", "part": r"[a-z_-]+", "command": r".+",
         "seconds": r"\d+(\.\d)?", **dict.fromkeys(("seed", "count", "findings"), r"\d+")}


def row_of(where: str, values: dict[str, str]) -> Row:
    for name, form in FORMS.items():
        if not re.fullmatch(form, values.get(name) or ""):
            raise LedgerError(f"{where}: field {name}: {values.get(name)!r} has not the form {form}")
    numbers = {name: int(values[name]) for name in ("seed", "count", "findings")}
    return Row(**{**values, **numbers, "seconds": float(values["seconds"])})  # type: ignore[arg-type]


def read(path: Path) -> list[Row]:
    """All rows; LedgerError where one is malformed or a round stands there twice."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    start = next((at for at, line in enumerate(lines) if not line.startswith("#")), len(lines))
    if start == len(lines) or lines[start].split(",") != COLUMNS:
        raise LedgerError(f"{path}:{start + 1}: columns expected: {','.join(COLUMNS)}")
    rows: list[Row] = []
    seen: set[tuple[str, str, int, str]] = set()
    for number, values in enumerate(csv.reader(lines[start + 1:]), start + 2):
        if len(values) != len(COLUMNS):
            raise LedgerError(f"{path}:{number}: {len(COLUMNS)} fields expected, {len(values)} found")
        row = row_of(f"{path}:{number}", dict(zip(COLUMNS, values)))
        if row.key() in seen:
            raise LedgerError(f"{path}:{number}: field seed: this round is there already: {row.key()}")
        seen.add(row.key())
        rows.append(row)
    return rows


def append(path: Path, row: Row) -> None:
    """One row at the end, whoever else is writing."""
    with path.open("a", encoding="utf-8", newline="") as out:
        fcntl.flock(out, fcntl.LOCK_EX)
        if path.stat().st_size == 0:
            out.write(MARK + ",".join(COLUMNS) + "\n")
        csv.writer(out, lineterminator="\n").writerow(asdict(row).values())


def next_seed(rows: Iterable[Row], kind: str, part: str, first: int) -> int:
    """The seed behind the last one of that kind and part, whatever the commit; at least `first`."""
    return max([first, *(row.seed + 1 for row in rows if (row.kind, row.part) == (kind, part))])
