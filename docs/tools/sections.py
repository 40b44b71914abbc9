# SPDX-License-Identifier: Apache-2.0
"""Where in the HTML the sections of the reference are, and texts whose citations are links to them."""
from __future__ import annotations

import re
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
import citations  # noqa: E402

# Code and links stay as they are.
UNTOUCHED = re.compile(r"(`[^`]*`|\[[^\]]*\]\([^)]*\)|<[^>]*>)")


def anchor(section: str) -> str:
    """`iommu 6.4` -> iommu-6-4, `viommu 11 #12` -> viommu-11-12."""
    return re.sub(r"[ .#]+", "-", section).lower()


def key_anchor(key: str) -> str:
    return "key-" + re.sub(r"[._]", "-", key)


@cache
def pages() -> dict[tuple[str, int | str], str]:
    """(part, chapter) -> name of the page."""
    found = {}
    for path in citations.FOLDER.glob("*-*-*.md"):
        part, chapter = path.stem.split("-")[:2]
        found[part, chapter_of(chapter)] = path.stem
    return found


def chapter_of(text: str) -> int | str:
    """6 of `06` and of `6.4`; chapters about performance also have letters."""
    chapter = text.split(".")[0]
    return int(chapter) if chapter.isdigit() else chapter


def href(section: str, prefix: str) -> str:
    part, number = section.split(" ")[:2]
    return f"{prefix}{pages()[part, chapter_of(number)]}.html#{anchor(section)}"


def linked(text: str, prefix: str, name: str = "") -> str:
    """The text of one line with links to what it cites; `name` is the file that it is from."""
    known = citations.sections()
    out = []
    for piece in UNTOUCHED.split(text):
        at = 0
        for begin, end, section in citations.spans(name, piece) if not UNTOUCHED.fullmatch(piece) else ():
            if section in known:
                out += [piece[at:begin], f'<a href="{href(section, prefix)}">{piece[begin:end]}</a>']
                at = end
        out.append(piece[at:])
    return "".join(out)
