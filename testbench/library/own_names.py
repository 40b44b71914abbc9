# SPDX-License-Identifier: Apache-2.0
"""own_names.py NM OUT.c OBJECT...: a C file that defines every name which the objects have and the API does not.

The objects are those of the libraries before their inner names are hidden. A program with all these functions links
with the libraries and works only if the libraries neither show nor use the names of others.
"""
import subprocess
import sys
from pathlib import Path

FEWEST = 150  # that many there are; fewer means that the objects were not read


def inner_names(nm: str, objects: list[str]) -> list[str]:
    listing = subprocess.run([nm, "-g", "--defined-only", *objects], capture_output=True, text=True, check=True).stdout
    names = {line.split()[2] for line in listing.splitlines() if len(line.split()) == 3}
    return sorted(name for name in names if not name.startswith(("amdvi_", "_")) and "." not in name)


def main() -> int:
    nm, out, *objects = sys.argv[1:]
    names = inner_names(nm, objects)
    if len(names) < FEWEST:
        print(f"own_names.py: only {len(names)} names in {objects}", file=sys.stderr)
        return 1
    functions = "".join(f"void {name}(void);\nvoid {name}(void)\n{{\n    abort();\n}}\n" for name in names)
    Path(out).write_text(f"// SPDX-License-Identifier: Apache-2.0\n#include <stdlib.h>\n{functions}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
