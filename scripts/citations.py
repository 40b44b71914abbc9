# SPDX-License-Identifier: Apache-2.0
"""Citations of the reference (docs/reference): which sections there are, and what a text cites.

Written as docs/reference/README.md says. A section is named `iommu 6.4`, a row of a numbered table `iommu 13 #31`, a section about
geometry and timing `performance 1.2`.
"""
from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "docs/reference"

CHAPTER = re.compile(r"^# (?:IOMMU|HW-vIOMMU) (\d+)\. ", re.M)
SECTION = re.compile(r"^## (\d+\.\d+) ", re.M)
TIMING = re.compile(r"^##? (?:Performance )?([a-d1-4](?:\.\d+)?)\.? ", re.M)
ROW = re.compile(r"^\| ([DE]?\d+) \|", re.M)
NUMBERED = {("iommu", 13): "#", ("iommu", 15): "", ("viommu", 11): "#", ("viommu", 12): "", ("viommu", 14): "#"}

# Files where a number alone means the part about HW-vIOMMU.
ABOUT_GUESTS = re.compile(r"viommu|^model/guests/|/lint_guest|guest_command|^testbench/hypervisor/|^testbench/unit/guests/|test_lint_guests|idmap")

JOINT = re.compile(r"\n[ \t]*(?:\*(?!/)|#(?![0-9])|//)?[ \t]*")
SPLIT_STRING = re.compile(r"\"(\s*\n\s*)\"")
START = re.compile(r"(?P<doc>\b(?:viommu|iommu)(?:\.md)?`?\s)(?=\d)|(?P<group>[(\[])(?=[1-9]\d?\.[1-9])"
                   r"|(?P<row>\b)(?=1[1345]\s(?:#|no\.\s|D)\d|12\sE\d)")
ITEM = re.compile(r"(?:(viommu|iommu)(?:\.md)?`?\s)?(?:(\d{1,2}(?:\.\d{1,2})?)(?![\d.]*\d)(?:\s(?:(?:#|no\.\s)(\d+)|([DE]\d+)))?"
                  r"|#(\d+)|([DE]\d+)\b)(?P<detail>(?:,?\s(?:steps?|op|opcodes?|codes?|bits?)\s[\w:]+(?:\sand\s\d+)?)?)")
PERFORMANCE = re.compile(r"\bperformance(?:\.md)?`? ([a-d1-4]\.\d+)(?!\d|\.\d)")
BETWEEN = re.compile(r"[,;]?\s(?:and\s|to\s|or\s)?|-|/")
ENDS = re.compile(r"[)\]:;,]")


def sections(folder: Path = FOLDER) -> set[str]:
    """All that can be cited."""
    found = set()
    for path in sorted(folder.glob("*iommu-*.md")):
        part, text = path.name.split("-")[0], path.read_text(encoding="utf-8")
        chapter = int(CHAPTER.search(text)[1])  # type: ignore[index]
        found |= {f"{part} {chapter}", *(f"{part} {number}" for number in SECTION.findall(text))}
        if (part, chapter) in NUMBERED:
            sign = NUMBERED[part, chapter]
            found |= {f"{part} {chapter} {sign}{row}" for row in ROW.findall(text)}
    for path in sorted(folder.glob("performance-*.md")):
        found |= {f"performance {number}" for number in TIMING.findall(path.read_text(encoding="utf-8"))}
    return found


def _part_of_row(chapter: str, part: str) -> str:
    """Rows are numbered in chapters whose numbers tell the part."""
    return {"13": "iommu", "15": "iommu", "11": "viommu", "12": "viommu", "14": "viommu"}.get(chapter, part)


class Reader:
    """A list of citations from one place in a text on: `6.4, 13 #31; viommu 7.1`."""

    def __init__(self, text: str, at: int, part: str) -> None:
        self.text, self.at, self.part, self.chapter = text, at, part, ""
        self.rows = False  # in a list of rows: `13 no. 10, 11 and 33`

    def items(self) -> Iterator[tuple[int, int, str]]:
        """(begin, end, section)"""
        while item := ITEM.match(self.text, self.at):
            self.at = item.end()
            yield item.start(), item.end(), self._name(item)
            between = BETWEEN.match(self.text, self.at)
            if not between or not ITEM.match(self.text, between.end()):
                return
            self.at = between.end()

    def _name(self, item: re.Match[str]) -> str:
        self.part = item[1] or self.part
        row, lettered = item[3] or item[5], item[4] or item[6]
        if self.rows and item[2] and item[2].isdigit() and not row and not lettered:
            row = item[2]
        else:
            self.chapter, self.rows = item[2] or self.chapter, "no." in item[0]
        if lettered:
            return f"iommu 15 {lettered}" if lettered[0] == "D" else f"viommu 12 {lettered}"
        if row:
            return f"{_part_of_row(self.chapter, self.part)} {self.chapter} #{row}"
        return f"{self.part} {self.chapter}"


def plain(text: str) -> str:
    """Comments and strings without the marks that continue them; lines keep their numbers."""
    return SPLIT_STRING.sub(r" \1", JOINT.sub("\n", text)).replace(" \n", "\n")


def spans(name: str, text: str) -> Iterator[tuple[int, int, str]]:
    """(begin, end, section) of all that the text cites, in order; in a text of several lines it has to be plain()."""
    timing = ((found.start(), found.end(), f"performance {found[1]}") for found in PERFORMANCE.finditer(text))
    yield from sorted([*timing, *_rules(name, text)])


def _rules(name: str, text: str) -> Iterator[tuple[int, int, str]]:
    at, own = 0, "viommu" if ABOUT_GUESTS.search(name) else "iommu"
    while start := START.search(text, at):
        begin = start.start() if start["doc"] else start.end()
        reader = Reader(text, begin, own)
        found = list(reader.items())
        at = max(reader.at, start.end(), start.start() + 1)
        if start["group"] and not ENDS.match(text, reader.at):
            at = start.end()
            continue
        yield from found


def citations(name: str, text: str) -> Iterator[tuple[int, str]]:
    """(line, section) of all that the text of the file cites."""
    text = plain(text)
    for begin, _, section in spans(name, text):
        yield text.count("\n", 0, begin) + 1, section


def check(name: str, text: str, known: set[str]) -> Iterator[str]:
    """Each section that a file cites has to be there; each folder of directed traces is named after one."""
    yield from (f"{name}:{line}: there is no section {section} in docs/reference"
                for line, section in citations(name, text) if section not in known)
    folder = re.match(r"testbench/traces/(viommu-)?([\d.]+)/", name)
    if folder and f"{'viommu' if folder[1] else 'iommu'} {folder[2]}" not in known:
        yield f"{name}:1: the folder's name is not a section in docs/reference"
