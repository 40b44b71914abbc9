# SPDX-License-Identifier: Apache-2.0
"""python3 -m layout --root <source tree> --out <generated tree>"""
import argparse
import sys
from pathlib import Path

from . import gate, load, outputs
from .spec import SpecError


def write_if_changed(path, text):
    """Keeps the time stamp of an unchanged file, so that nothing is compiled again for it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(prog="layout", description=__doc__)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    try:
        layouts = load.load_tree(arguments.root)
        spaces = load.load_spaces(arguments.root)
    except SpecError as error:
        sys.exit(f"layout: {error}")
    for name, text in outputs.everything(layouts, gate.features(layouts), spaces):
        write_if_changed(arguments.out / name, text)


if __name__ == "__main__":
    main()
