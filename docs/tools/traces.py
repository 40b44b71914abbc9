# SPDX-License-Identifier: Apache-2.0
"""The directed traces: what each shows, and the sections that it cites or is filed under."""
from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache

import sections
from sections import ROOT, citations

FOLDER = ROOT / "testbench/traces"


@dataclass(frozen=True)
class Trace:
    name: str
    fact: str
    cites: frozenset[str]

    def href(self, prefix: str) -> str:
        return f"{prefix}traces/{self.name}.txt"


def _read(path) -> Trace:
    head: dict[str, str] = {}
    with path.open(encoding="utf-8") as lines:
        for line, _ in zip(lines, range(8)):
            word, _, rest = line.removeprefix("# ").strip().partition(": ")
            head.setdefault(word, rest)
    name = path.relative_to(FOLDER).as_posix()
    cited = {section for _, section in citations.citations(name, head.get("ref", ""))}
    return Trace(name, head.get("fact", ""), frozenset(cited | _with_chapters(cited) | _filed(name.split("/")[0])))


def _filed(folder: str) -> set[str]:
    """The section that a folder is named after; `stale` is none."""
    part, number = ("viommu", folder.removeprefix("viommu-")) if folder.startswith("viommu-") else ("iommu", folder)
    return {f"{part} {number}"} & citations.sections()


def _with_chapters(cited: set[str]) -> set[str]:
    """A row of a numbered table also cites its chapter."""
    return {" ".join(section.split(" ")[:2]) for section in cited if section.count(" ") == 2}


@cache
def every() -> list[Trace]:
    return sorted((_read(path) for path in FOLDER.rglob("*.trace")), key=lambda trace: trace.name)


@cache
def _by_word() -> dict[str, list[Trace]]:
    found: dict[str, list[Trace]] = defaultdict(list)
    for trace in every():
        for word in set(re.findall(r"\w+", trace.fact.lower())):
            found[word].append(trace)
    return dict(found)


def naming(pattern: re.Pattern[str], *words: str) -> list[Trace]:
    """Traces whose fact the pattern is found in; it can only be where one of the words is, whatever its case."""
    near = {trace.name: trace for word in words for trace in _by_word().get(word.lower(), ())}
    return [trace for name, trace in sorted(near.items()) if pattern.search(trace.fact)]


@cache
def by_section() -> dict[str, list[Trace]]:
    found: dict[str, list[Trace]] = defaultdict(list)
    for trace in every():
        for section in trace.cites:
            found[section].append(trace)
    return dict(found)


def page(section: str) -> str:
    return f"traces-{sections.anchor(section)}"


# Rows of the open points and decisions that no trace cites, and why.
WITHOUT = {
    "iommu 13 #3": "a layout; traces of 2.7 read these bits",
    "iommu 13 #4": "unit tests of the counters",
    "iommu 13 #6": "a layout; traces of 2.2 use 00F8h",
    "iommu 13 #7": "a table for firmware, not for the device: unit tests of IVRS",
    "iommu 13 #11": "traces of 3.1, unit tests of the other value",
    "iommu 13 #27": "no record of a trace shows N: unit tests",
    "iommu 13 #29": "unit tests of the counters",
    "iommu 13 #31": "traces of 8.4",
    "iommu 13 #32": "read-only values of presets: unit tests",
    "iommu 13 #37": "stored only",
    "iommu 13 #38": "traces of 8.6",
    "iommu 15 D10": "traces of viommu 1.3, unit tests of the configuration space",
    "iommu 15 D15": "traces of 12.1",
}
NUMBERED = ("iommu 13 #", "iommu 15 D", "viommu 11 #", "viommu 12 E")


def unexplained() -> list[str]:
    """Rows with neither a trace nor a reason, and reasons that are no longer needed."""
    rows = {section for section in citations.sections() if section.startswith(NUMBERED)}
    shown = {section for section in by_section() if section.startswith(NUMBERED)}
    return sorted((rows - shown) ^ set(WITHOUT))
