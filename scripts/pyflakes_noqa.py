# SPDX-License-Identifier: Apache-2.0
"""pyflakes, without its findings on lines that say `# noqa`.

    pyflakes_noqa.py FILE...     prints FILE:LINE: FINDING and exits 1 when there is one
"""
from __future__ import annotations

import re
import sys
from pathlib import Path

from pyflakes import api, reporter


class Kept(reporter.Reporter):
    """Findings as FILE:LINE: text."""

    def __init__(self) -> None:
        super().__init__(sys.stdout, sys.stdout)
        self.findings = 0

    def say(self, path: str, line: int, text: str) -> None:
        self.findings += 1
        print(f"{path}:{line}: {text}")

    def flake(self, message) -> None:
        line = Path(message.filename).read_text(encoding="utf-8").split("\n")[message.lineno - 1]
        if not re.search(r"#\s*noqa\b", line):
            self.say(message.filename, message.lineno, message.message % message.message_args)

    def syntaxError(self, filename: str, msg: str, lineno: int, offset: int, text: str) -> None:  # noqa: N802
        self.say(filename, lineno, msg)

    def unexpectedError(self, filename: str, msg: str) -> None:  # noqa: N802
        self.say(filename, 1, msg)


def main(files: list[str]) -> int:
    kept = Kept()
    for file in files:
        api.checkPath(file, kept)
    return 1 if kept.findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
