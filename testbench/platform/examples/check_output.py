#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whether the manual shows what a program prints.

    check_output.py PROGRAM PAGE
"""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def main(program: str, page: str) -> int:
    printed = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    if printed and printed in Path(page).read_text(encoding="utf-8"):
        return 0
    print(f"{page} does not show this:\n{printed}", end="")
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
