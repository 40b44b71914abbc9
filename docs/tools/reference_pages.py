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
from pathlib import Path

import sections
import traces
from config_pages import page_of
from sections import citations

HEADING = re.compile(r"^##? (?:IOMMU |HW-vIOMMU )?(\d+(?:\.\d+)?)\.? ")
ROW = re.compile(r"^\| ([DE]?\d+) \|")
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
        part, chapter = path.name.split("-")[0], int(path.name.split("-")[1])
        out = []
        for line in path.read_text(encoding="utf-8").split("\n"):
            heading = HEADING.match(line)
            if heading:
                out += self.heading(part, line, heading[1])
            elif (part, chapter) in citations.NUMBERED and line.startswith("|"):
                out.append(self.row(part, chapter, line))
            else:
                out.append(sections.linked(line, "", f"{part}.md"))
        return "\n".join(out)


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
    for path in (folder / "reference").glob("*iommu-*.md"):
        path.write_text(pages.page(path), encoding="utf-8")
    for section, found in pages.traces.items():
        text = trace_page(section, found)
        (folder / "reference" / f"{traces.page(section)}.md").write_text(text, encoding="utf-8")
    copy_traces(folder / "_extra")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
