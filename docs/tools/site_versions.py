# SPDX-License-Identifier: Apache-2.0
"""The list by which the manuals of several versions lead to one another.

    site_versions.py SITE       writes SITE/versions.js and SITE/index.html; a manual is a folder SITE/VERSION with index.html

versions.js is a script, not data, for a browser reads no data from a disk. It names the pages of each version, newest first, so that a
reader who changes the version stays on a page that is there.
"""
from __future__ import annotations

import json
import re
import sys
from pathlib import Path

INDEX = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>amdvi</title><meta http-equiv="refresh" content="0; url={0}/index.html"></head>
<body><a href="{0}/index.html">amdvi {0}</a></body></html>
"""


def order(version: str) -> tuple[tuple[int, str], ...]:
    """0.10.0 is newer than 0.9.0."""
    return tuple((int(number or 0), word) for number, word in re.findall(r"(\d+)|(\D+)", version))


def versions(site: Path) -> dict[str, list[str]]:
    """Pages of each version, newest version first."""
    found = {path.parent.name: path.parent for path in site.glob("*/index.html")}
    return {name: sorted(str(page.relative_to(found[name])) for page in found[name].rglob("*.html") if "_static" not in page.parts)
            for name in sorted(found, key=order, reverse=True)}


def main(site: Path) -> int:
    found = versions(site)
    if not found:
        print(f"site_versions.py: no manual in {site}", file=sys.stderr)
        return 1
    (site / "versions.js").write_text(f"window.amdviVersions = {json.dumps(found)};\n", encoding="utf-8")
    (site / "index.html").write_text(INDEX.format(next(iter(found))), encoding="utf-8")
    print(f"site_versions: {', '.join(found)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
