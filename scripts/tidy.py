# SPDX-License-Identifier: Apache-2.0
"""clang-tidy on files of build/clang, remembered by the content that it saw.

    tidy.py [--jobs N] FILE...      prints findings that scripts/lint.known does not have; exits 1 when there are some

A known finding is `FILE CHECK reason`; line numbers move and do not count. One of a file that was looked at, and that nothing
found, is a finding, too. Files that build/clang does not compile (those that the kernel's own build compiles), and headers, are
passed over: what a header has is found in those that include it. So are those for QEMU, with a word, until its headers are there.
"""
from __future__ import annotations

import argparse
import hashlib
import json
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build/clang"
CACHE = ROOT / "build/lint"
QEMU = "testbench/qemu/"
QEMU_HEADERS = ROOT / "build/qemu/headers"  # where scripts/qemu puts them
FINDING = re.compile(r"^(?P<file>[^:\n]+):(?P<line>\d+):\d+: (?:warning|error): (?P<text>.*) \[(?P<check>[^],]*).*\]$", re.M)


def commands() -> dict[str, list[str]]:
    """How each file is compiled; the first way, where there are several."""
    found: dict[str, list[str]] = {}
    for entry in json.loads((BUILD / "compile_commands.json").read_text(encoding="utf-8")):
        file = Path(entry["file"])
        if file.is_relative_to(ROOT) and not file.is_relative_to(ROOT / "build"):
            found.setdefault(str(file.relative_to(ROOT)), shlex.split(entry["command"]))
    return found


def seen_text(command: list[str]) -> bytes:
    """All that the compiler reads, comments and paths of lines included; and its options."""
    skip = {"-c", "-o"}
    words, drop = [], False
    for word in command:
        if drop or word in skip or word.endswith("ccache"):
            drop = word == "-o" and not drop
            continue
        words.append(word)
    done = subprocess.run([*words, "-E", "-C", "-w"], cwd=BUILD, capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(f"tidy: {words[-1]} cannot be read: {done.stderr.decode()[-400:]}")
    return " ".join(words).encode() + done.stdout


def look(file: str, command: list[str], rules: bytes) -> str:
    """What clang-tidy says of a file, now or when it looked last."""
    kept = CACHE / hashlib.sha256(rules + seen_text(command)).hexdigest()
    if kept.exists():
        return kept.read_text(encoding="utf-8")
    done = subprocess.run(["clang-tidy", "-p", str(BUILD), "--quiet", str(ROOT / file)], cwd=ROOT, capture_output=True, text=True,
                          check=False)
    said = done.stdout.replace(f"{ROOT}/", "")
    if done.returncode and not FINDING.search(said):
        raise SystemExit(f"tidy: clang-tidy cannot read {file}: {(done.stdout + done.stderr)[-600:]}")
    kept.write_text(said, encoding="utf-8")
    return said


def rules_of(file: str, version: bytes) -> bytes:
    """All that says how a file is looked at: folders may have rules of their own."""
    folders = [ROOT, *(ROOT / parent for parent in reversed(Path(file).parents) if parent != Path("."))]
    return version + b"".join(path.read_bytes() for folder in folders if (path := folder / ".clang-tidy").is_file())


def known() -> set[tuple[str, str]]:
    lines = (ROOT / "scripts/lint.known").read_text(encoding="utf-8").splitlines()
    return {(words[0], words[1]) for words in (line.split(maxsplit=2) for line in lines if not line.startswith("#")) if words}


def readable(files: list[str]) -> list[str]:
    if QEMU_HEADERS.is_dir():
        return files
    left = [file for file in files if not file.startswith(QEMU)]
    if len(left) < len(files):
        print(f"clang-tidy: {len(files) - len(left)} files of {QEMU} are passed over: scripts/qemu headers gets what they include")
    return left


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("files", nargs="+")
    args = parser.parse_args()
    CACHE.mkdir(parents=True, exist_ok=True)
    built = commands()
    files = readable(sorted(set(args.files) & set(built)))
    version = subprocess.run(["clang-tidy", "--version"], capture_output=True, check=True).stdout
    with ThreadPoolExecutor(args.jobs) as pool:
        said = list(pool.map(lambda file: look(file, built[file], rules_of(file, version)), files))
    found = {(one["file"], int(one["line"]), one["check"], one["text"]) for text in said for one in FINDING.finditer(text)}
    allowed, used = known(), {(file, check) for file, _, check, _ in found}
    new = sorted(one for one in found if (one[0], one[2]) not in allowed)
    for file, line, check, text in new:
        print(f"{file}:{line}: {text} [{check}]")
    left = sorted((file, check) for file, check in allowed - used if file in files)
    for file, check in left:
        print(f"scripts/lint.known: {file} {check}: nothing finds this any more")
    print(f"clang-tidy: {len(files)} files, {len(new) + len(left)} findings")
    return 1 if new or left else 0


if __name__ == "__main__":
    sys.exit(main())
