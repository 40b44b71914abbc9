# SPDX-License-Identifier: Apache-2.0
"""make.py AMDVI FOLDER: writes man pages and completion of the command AMDVI into FOLDER."""
from __future__ import annotations

import sys
from pathlib import Path

import completion
import help_text
import man


def files(command: str) -> dict[str, str]:
    """Contents by path below the installation's share folder."""
    page, pages = help_text.read(command)
    keys = help_text.keys_of(command)
    version = help_text.run(command, "--version").split()[1]
    out = {f"man/man1/amdvi-{sub.name}.1": man.page_of(sub, version) for sub in pages}
    return out | {
        "man/man1/amdvi.1": man.main_page(page, pages, version),
        "bash-completion/completions/amdvi": completion.bash(page, pages, keys),
        "zsh/vendor-completions/_amdvi": completion.zsh(page, pages, keys),
        "fish/vendor_completions.d/amdvi.fish": completion.fish(page, pages, keys)}


def main(command: str, folder: str) -> None:
    for name, text in files(command).items():
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
