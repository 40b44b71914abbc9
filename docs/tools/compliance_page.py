# SPDX-License-Identifier: Apache-2.0
"""Writes the compliance table: the rows of the layout generator, the traces about them, and what presets only store.

    compliance_page.py AMDVI-COMMAND ROWS.json FOLDER        writes FOLDER/compliance.md
"""
from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import sections
import traces
from reference_pages import cell
from sections import citations

STATUS = ("works", "stored", "partly", "absent")
SHOWN = 2  # traces that a row names
# What traces cannot say: tests of these sections, by their names for ctest.
UNIT_TESTS = {"iommu 1.1": ("core/test_registers",), "iommu 1.3": ("unit/test_ivrs", "unit/test_ivrs_cases"),
              "iommu 2.9": ("unit/test_pmu", "unit/test_pmu_owners")}
HEAD = """<!-- SPDX-License-Identifier: Apache-2.0 -->
# Compliance

One row for each register, structure, command or record (bold) and for each of its fields.

Status says what the model does:

- *works*: what the reference says;
- *stored*: software can read (and where it may, write) it, and nothing follows from it;
- *partly*: what is missing stands behind the meaning;
- *absent*: described only.

Confidence says how good the ground of the **layout** is, whatever the model does with it: *solid*, two or more
sources that face silicon; *medium*, one, or an emulator; *weak*, deduced or common knowledge. Sections lead to the
rule and its [source tags](reference/sources.md). Traces are directed traces whose stated fact names the field, and
behind them all about its section; where the first part is empty, no trace names the field itself. Of what traces cannot
say (the IVRS, performance counters, parts of the configuration space) the unit tests stand there. Fuzzing and
random guests are not counted.

"""
STORED = """
## Advertised and only stored

Features that a preset shows to software while the model only keeps their bits. `amdvi config --explain` prints them
for any configuration.

"""


def config(command: str, *more: str) -> dict:
    printed = subprocess.run([command, "config", "--json", *more], capture_output=True, check=True, text=True).stdout
    return json.loads(printed)


def stored(command: str) -> str:
    presets = config(command)["presets"]
    features: dict[str, dict[str, str]] = {}
    advertised = {}
    for preset in presets:
        found = config(command, "--preset", preset)["stored_features"]
        advertised[preset] = {feature["name"] for feature in found}
        features |= {feature["name"]: feature for feature in found}
    lines = ["| feature | where | what does not happen | origin | presets |", "|---|---|---|---|---|"]
    for name, feature in features.items():
        where = ", ".join(f"`{preset}`" for preset in presets if name in advertised[preset])
        source = sections.linked(cell(feature["source"]), "reference/")
        lines.append(f"| {name} | {feature['where']} | {feature['lacks']} | {source} | {where} |")
    return "\n".join(lines) + "\n"


def shared_names(rows: list[dict[str, str]]) -> set[str]:
    """Names that mean more than one thing: of fields of several structures, or of a structure itself."""
    fields = Counter(row["field"] for row in rows)
    return {name for name, count in fields.items() if count > 1} | {row["layout"].upper() for row in rows}


def named(row: dict[str, str]) -> re.Pattern[str]:
    """Whether a fact speaks of the row: by the field's name, or by the command's, record's or register's."""
    if not row["field"]:
        title = row["title"] if row["title"].isupper() else row["layout"].removeprefix("reg_")
        return re.compile(rf"\b(?:{re.escape(title)}|{re.escape(row['layout'])})\b", re.I)
    name = re.escape(row["field"])
    return re.compile(rf"\b{name}=" if len(row["field"]) < 3 else rf"\b{name}\b")


def about(row: dict[str, str], cited: list[str], shared: set[str]) -> list[traces.Trace]:
    """Traces that name the row; a name that is shared counts only in traces that cite the row's section."""
    part = cited[0].split(" ")[0] + " "
    place = set(cited) if row["field"] in shared else None
    words = re.findall(r"\w+", row["field"] or f"{row['title']} {row['layout']} {row['layout'].removeprefix('reg_')}")
    return [trace for trace in traces.naming(named(row), *words)
            if (place & trace.cites if place else any(section.startswith(part) for section in trace.cites))]


def trace_cell(row: dict[str, str], shared: set[str]) -> str:
    cited = [section for _, section in citations.citations("", row["section"])]
    found = about(row, cited, shared)
    links = [f'<a href="{trace.href("")}">{Path(trace.name).stem}</a>' for trace in found[:SHOWN]]
    if len(found) > SHOWN:
        links.append(f"{len(found) - SHOWN} more")
    all_of = ", ".join(f'<a href="reference/{traces.page(section)}.html">{len(listed)} of {section.split(" ")[1]}</a>'
                       for section in cited if (listed := traces.by_section().get(section)))
    tests = ", ".join(f"`{name}`" for section in cited for name in UNIT_TESTS.get(section, ()))
    return "; ".join(part for part in (", ".join(links), all_of, tests) if part)


def line(row: dict[str, str], shared: set[str]) -> str:
    what = f"{row['layout']}.{row['field']}" if row["field"] else f"**{row['layout']}** {row['title']}"
    note = "; ".join(text for text in (row["note"], row["switch"]) if text)
    meaning = f"{row['doc']} *{note}*" if note else row["doc"]
    if row["gate"]:
        meaning += f" Needs `{row['gate']}`."
    texts = (what, f"{row['bits']} {row['access']}".strip(), row["status"], sections.linked(meaning, "reference/"),
             sections.linked(row["section"], "reference/"), row["source"], row["confidence"],
             trace_cell(row, shared))
    return "| " + " | ".join(texts) + " |"


def table(rows: list[dict[str, str]], shared: set[str]) -> str:
    head = ("| what | bits, access | status | meaning | section | source | confidence | traces, tests |\n"
            "|---|---|---|---|---|---|---|---|\n")
    return head + "\n".join(line(row, shared) for row in rows) + "\n"


def summary(rooms: dict[str, list[dict[str, str]]]) -> str:
    lines = ["| room | " + " | ".join(STATUS) + " |", "|---|" + "---|" * len(STATUS)]
    for room, rows in rooms.items():
        counts = Counter(row["status"] for row in rows)
        lines.append(f"| {room} | " + " | ".join(str(counts[status]) for status in STATUS) + " |")
    return "\n".join(lines) + "\n"


def page(rows: list[dict[str, str]], command: str) -> str:
    rooms = {room: [row for row in rows if row["room"] == room] for room in dict.fromkeys(row["room"] for row in rows)}
    tables = "".join(f"\n## {room}\n\n{table(found, shared_names(rows))}" for room, found in rooms.items())
    return HEAD + summary(rooms) + STORED + stored(command) + tables


def main(command: str, rows: Path, folder: Path) -> None:
    text = page(json.loads(rows.read_text(encoding="utf-8")), command)
    (folder / "compliance.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
