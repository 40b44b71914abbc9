# SPDX-License-Identifier: Apache-2.0
"""check_names.py NM FILE...: fails when a library shows a name that is not public."""
import subprocess
import sys


def shown(nm: str, file: str) -> set[str]:
    which = "-D" if ".so" in file else "-g"
    listing = subprocess.run([nm, which, "--defined-only", file], capture_output=True, text=True, check=True).stdout
    return {line.split()[2] for line in listing.splitlines() if len(line.split()) == 3}


def main() -> int:
    nm, *files = sys.argv[1:]
    bad = 0
    for file in files:
        names = shown(nm, file)
        strangers = sorted(name for name in names if not name.startswith("amdvi_"))
        bad += bool(strangers) or not names
        print(f"{file}: {len(names)} names, not public: {' '.join(strangers) or 'none'}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
