#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Shows Doxygen the plain comments of our headers as documentation.

    doxygen_filter.py HEADER

A comment on lines of its own describes what follows; one behind code describes that code; the first one describes the
file. Rulers (/* ----) stay plain comments. Line numbers stay as they are.
"""
from __future__ import annotations

import re
import sys
from pathlib import Path

RULER = re.compile(r"^\s*/\* -{3,}")
OWN = re.compile(r"^(\s*)/\*(?![*!])")
BEHIND = re.compile(r"^(.*[^\s/*].*?\s)/\*(?![*!<])\s?(.*)$")


def mark(line: str, first: bool) -> str:
    if RULER.match(line):
        return line
    if OWN.match(line):
        return OWN.sub(r"\1/** @file" if first and line.strip() == "/*" else r"\1/**", line, count=1)
    behind = BEHIND.match(line)
    if behind and not behind[1].lstrip().startswith(("#", "//", "*")):
        return f"{behind[1]}/**< {behind[2]}"
    return line


def filtered(text: str) -> str:
    lines, inside, first = [], False, True
    for line in text.split("\n"):
        if not inside:
            marked = mark(line, first)
            first = first and "/*" not in line
            inside = "/*" in line and "*/" not in line.split("/*", 1)[1]
            lines.append(marked)
        else:
            inside = "*/" not in line
            lines.append(line)
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(filtered(Path(sys.argv[1]).read_text(encoding="utf-8")))
