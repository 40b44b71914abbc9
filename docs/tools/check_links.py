# SPDX-License-Identifier: Apache-2.0
"""Each link inside the HTML leads to a file that is there, and to an anchor that is in it.

    check_links.py HTML-FOLDER       prints one line a dead link and a count, and exits 1 when there is one
"""
from __future__ import annotations

import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.anchors.add(value)
            elif name == "href" and value:
                self.links.append(value)


@cache
def read(path: Path) -> Page:
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def dead(path: Path, link: str) -> bool:
    address = urlsplit(link)
    if address.scheme or address.netloc:
        return False
    target = (path.parent / unquote(address.path)).resolve() if address.path else path
    if not target.is_file():
        return True
    return target.suffix == ".html" and bool(address.fragment) and unquote(address.fragment) not in read(target).anchors


def main(folder: Path) -> int:
    folder = folder.resolve()
    pages = [path for path in sorted(folder.rglob("*.html")) if "_static" not in path.parts]
    findings = sorted({f"{path.relative_to(folder)}: {link}" for path in pages for link in read(path).links if dead(path, link)})
    print("".join(f"{finding}\n" for finding in findings), end="")
    print(f"check_links: {len(pages)} pages, {sum(len(read(path).links) for path in pages)} links, {len(findings)} dead")
    return 1 if findings or not pages else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
