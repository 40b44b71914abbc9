# SPDX-License-Identifier: Apache-2.0
"""Pages of the site that are files at the root of the tree: what is new, contributing, security, conduct.

    project_pages.py TREE SITE-SOURCE VERSION     writes versions.md, contributing.md, security.md and conduct.md

Links to pages of docs/ lead to them; links to other files of the tree become their names.
"""
from __future__ import annotations

import re
import sys
from pathlib import Path

PAGES = {"CHANGELOG.md": "versions.md", "CONTRIBUTING.md": "contributing.md", "SECURITY.md": "security.md",
         "CODE_OF_CONDUCT.md": "conduct.md"}
LINK = re.compile(r"\[([^]]+)\]\(([^)#:\s]+)(#[^)\s]*)?\)")
VERSIONS = """
This manual is that of version {version}. Each version carries its own: the package `amdvi-doc` installs it in
`share/doc/amdvi/html`, and `cmake --build --preset release --target docs` makes that of any tag (`git checkout v{version}`).
Where `scripts/site` has put several beside each other, the list below the name leads from one to the other.

"""


def linked(found: re.Match[str], tree: Path) -> str:
    text, target, anchor = found[1], found[2], found[3] or ""
    if target.startswith("docs/") and (tree / target).is_file():
        return f"[{text}]({target.removeprefix('docs/')}{anchor})"
    if target in PAGES:
        return f"[{text}]({PAGES[target]}{anchor})"
    return f"`{target}`"


def page(tree: Path, name: str, version: str) -> str:
    text = LINK.sub(lambda found: linked(found, tree), (tree / name).read_text(encoding="utf-8"))
    if name == "CHANGELOG.md":
        head, heading, rest = text.partition("\n# What is new\n")
        text = head + heading + VERSIONS.format(version=version) + rest.lstrip("\n")
    return text


def main(tree: Path, source: Path, version: str) -> None:
    for name, target in PAGES.items():
        (source / target).write_text(page(tree, name, version), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
