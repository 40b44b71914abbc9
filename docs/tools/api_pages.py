#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes one page for each public header; its text comes from the header's own comments.

    api_pages.py FOLDER HEADER...        writes FOLDER/api/NAME.md
"""
from __future__ import annotations

import sys
from pathlib import Path

PAGE = """# {title}

Of `{library}`.

```{{eval-rst}}
.. doxygenfile:: {title}
```
"""


def main(folder: Path, headers: list[Path]) -> None:
    (folder / "api").mkdir(parents=True, exist_ok=True)
    for header in headers:
        library = "libamdvi-traces" if header.parts[-4] == "traces" else "libamdvi"
        page = PAGE.format(title=header.name, library=library)
        (folder / "api" / f"{header.stem}.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
