# SPDX-License-Identifier: Apache-2.0
"""Each public function has a text of its own in the headers.

    check_api.py XML-FOLDER        Doxygen's XML; prints one line a function without text and exits 1 when there is one
"""
from __future__ import annotations

import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path


def functions(folder: Path) -> Iterator[tuple[str, str, str]]:
    """(header, name, text)"""
    for path in sorted(folder.glob("*_8h.xml")):
        root = ElementTree.parse(path).getroot()
        header = root.findtext("compounddef/compoundname") or path.name
        for member in root.iter("memberdef"):
            if member.get("kind") == "function":
                parts = (member.find(f"{part}description") for part in ("brief", "detailed"))
                text = "".join("".join(part.itertext()) for part in parts if part is not None)
                yield header, member.findtext("name") or "", text.strip()


def main(folder: Path) -> int:
    found = list(functions(folder))
    bare = [f"{header}: {name}() has no text" for header, name, text in found if not text]
    print("\n".join(bare) if bare else f"API: {len(found)} functions, each with its text" if found else "API: no functions")
    return 1 if bare or not found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
