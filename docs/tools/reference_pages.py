# SPDX-License-Identifier: Apache-2.0
"""Gives the pages of the reference what the HTML has more than the text: anchors, links, keys and traces.

    reference_pages.py AMDVI-COMMAND FOLDER      changes FOLDER/reference/*.md, writes FOLDER/reference/traces-*.md and
                                                 the traces themselves into FOLDER/_extra
"""
from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path

import rule_rows
import sections
import traces
from config_pages import page_of
from sections import citations

HEADING = re.compile(r"^##? (?:IOMMU |HW-vIOMMU |Performance )?(\d+(?:\.\d+)?|[a-d](?:\.\d+)?)\.? ")
ROW = re.compile(r"^\| ([DE]?\d+) \|")
SOURCES = {"iommu": "sources", "viommu": "viommu-00-overview", "performance": "performance-a-structures"}
NAMES = ("name", "field", "flag", "command")  # heads of columns whose words a trace can name
SHOWN = 2  # traces that a row names
TRACES = """---
orphan: true
---
<!-- SPDX-License-Identifier: Apache-2.0 -->
# Traces about {section}

Directed traces that cite or are filed under <a href="{href}">{section}</a>. Each states what it shows in its first
lines; `amdvi replay FILE` runs it.

| trace | what it shows |
|---|---|
{rows}
"""


def keys_by_section(command: str) -> dict[str, list[str]]:
    printed = subprocess.run([command, "config", "--json"], capture_output=True, check=True, text=True).stdout
    found: dict[str, list[str]] = defaultdict(list)
    for key in json.loads(printed)["keys"]:
        for section in {section for _, section in citations.citations("", key["source"])}:
            found[section].append(key["key"])
    return dict(found)


@cache
def commands() -> dict[str, str]:
    """Opcode and name, from the table of 6.2."""
    text = (citations.FOLDER / f"{sections.pages()['iommu', 6]}.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^\| (\w+) \| ([A-Z_]{6,}) \|", text, re.M))


def cells(line: str) -> list[str]:
    return [text.strip() for text in line.strip().strip("|").split("|")]


class NamedRows:
    """A table with a column of names or opcodes: each row gets the traces about its section that name it."""

    def __init__(self, part: str, section: str, head: str) -> None:
        self.part, self.section = part, section
        columns = [text.lower() for text in cells(head)]
        self.name = next((columns.index(name) for name in NAMES if name in columns), None)
        self.op = columns.index("op") if "op" in columns else None

    def __bool__(self) -> bool:
        return self.name is not None or self.op is not None

    def patterns(self, row: list[str]) -> list[tuple[re.Pattern[str], tuple[str, ...]]]:
        """Each with the words of which a fact needs one."""
        text = row[self.name] if self.name is not None else commands().get(row[self.op], "")
        names = re.findall(r"\w+", re.sub(r"\(.*?\)|,.*", "", text))
        found = [(re.compile(rf"\b{name}=" if len(name) < 3 else rf"\b{name}\b"), (name,)) for name in names
                 if not name.isdigit() and name.lower() not in ("rsvd", "reserved")]
        if self.op is not None:
            found.append((re.compile(rf"\bop(?:code)? {row[self.op]}\b"), ("op", "opcode")))
        return found

    def about(self, row: list[str]) -> list[traces.Trace]:
        """Short names mean much elsewhere: they count only in traces about this section."""
        near = set(traces.by_section().get(self.section, []))
        found = {trace.name: trace for pattern, words in self.patterns(row) for trace in traces.naming(pattern, *words)
                 if trace in near or self.far(pattern, trace)}
        return [found[name] for name in sorted(found)]

    def far(self, pattern: re.Pattern[str], trace: traces.Trace) -> bool:
        return len(pattern.pattern) > 8 and any(section.startswith(f"{self.part} ") for section in trace.cites)

    def more(self, line: str) -> str:
        found = list(dict.fromkeys(self.about(cells(line))))
        links = [f'<a href="{trace.href("../")}">{trace.name}</a>' for trace in found[:SHOWN]]
        return ", ".join(links) + (f", {len(found) - SHOWN} more" if len(found) > SHOWN else "")


class Pages:
    def __init__(self, command: str) -> None:
        self.keys, self.traces = keys_by_section(command), traces.by_section()

    def key_links(self, section: str) -> str:
        return ", ".join(f'<a href="../{page_of(key)}.html#{sections.key_anchor(key)}"><code>{key}</code></a>'
                         for key in sorted(self.keys.get(section, [])))

    def trace_link(self, section: str) -> str:
        """To the list; to the trace itself when there is one only."""
        found = self.traces.get(section, [])
        if not found:
            return ""
        address = found[0].href("../") if len(found) == 1 else f"{traces.page(section)}.html"
        return f'<a href="{address}">{len(found)} {"trace" if len(found) == 1 else "traces"}</a>'

    def about(self, section: str) -> list[str]:
        keys, link = self.key_links(section), self.trace_link(section)
        parts = [f"Keys: {keys}" if keys else "", link]
        text = " · ".join(part for part in parts if part)
        return ["", f"<p><small>{text}</small></p>", ""] if text else []

    def heading(self, part: str, line: str, number: str) -> list[str]:
        section = f"{part} {number}"
        return [f"({sections.anchor(section)})=", line, *self.about(section)]

    def row(self, part: str, chapter: int, line: str) -> str:
        """A line of a table whose rows have numbers; it gets its anchor, keys and traces."""
        sign = citations.NUMBERED[part, chapter]
        if line.startswith("| # |"):
            return f"{line} keys | traces |"
        if line.startswith("|---"):
            return f"{line}---|---|"
        number = ROW.match(line)
        if not number:
            return line
        section = f"{part} {chapter} {sign}{number[1]}"
        rest = sections.linked(line[number.end(1):], "", f"{part}.md")
        return (f'| <a id="{sections.anchor(section)}"></a>{number[1]}{rest} {self.key_links(section)} '
                f"| {self.trace_link(section) or sections.linked(traces.WITHOUT.get(section, ''), '')} |")

    def page(self, path: Path) -> str:
        part, chapter = path.name.split("-")[0], sections.chapter_of(path.name.split("-")[1])
        out: list[str] = []
        section, table = "", None
        for line in path.read_text(encoding="utf-8").split("\n"):
            heading = HEADING.match(line)
            if heading:
                section = f"{part} {heading[1]}"
                out += self.heading(part, line, heading[1])
            elif (part, chapter) in citations.NUMBERED and line.startswith("|"):
                out.append(self.row(part, chapter, line))
            else:
                starts = line.startswith("|") and not out[-1].startswith("|")
                table = self.table(part, section, line) if starts else table if line.startswith("|") else None
                out.append(self.line(part, line, table, starts))
        return "\n".join(out)

    def table(self, part: str, section: str, head: str) -> NamedRows | rule_rows.RuleRows:
        return rule_rows.RuleRows(section) if section in rule_rows.listed() else NamedRows(part, section, head)

    def line(self, part: str, line: str, table: NamedRows | rule_rows.RuleRows | None, starts: bool) -> str:
        """A line of text, or of a table whose rows have no numbers."""
        text = sections.linked(line, "", f"{part}.md")
        if starts:
            text = re.sub(r"\| (Source|source) \|$", rf'| <a href="{SOURCES[part]}.html">\1</a> |', text)
        if not table:
            return text
        return text + (" traces |" if starts else "---|" if line.startswith("|---") else f" {table.more(line)} |")


def trace_page(section: str, found: list[traces.Trace]) -> str:
    rows = "\n".join(f'| <a href="{trace.href("../")}">{trace.name}</a> | {cell(trace.fact)} |' for trace in found)
    return TRACES.format(section=section, href=sections.href(section, ""), rows=rows)


def cell(text: str) -> str:
    for sign in "|<*_[":
        text = text.replace(sign, "\\" + sign)
    return text


def copy_traces(folder: Path) -> None:
    for trace in traces.every():
        to = folder / "traces" / f"{trace.name}.txt"
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes((traces.FOLDER / trace.name).read_bytes())


def main(command: str, folder: Path) -> None:
    pages = Pages(command)
    for path in (folder / "reference").glob("*-*-*.md"):
        path.write_text(pages.page(path), encoding="utf-8")
    for section, found in pages.traces.items():
        text = trace_page(section, found)
        (folder / "reference" / f"{traces.page(section)}.md").write_text(text, encoding="utf-8")
    copy_traces(folder / "_extra")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
