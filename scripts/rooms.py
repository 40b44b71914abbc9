# SPDX-License-Identifier: Apache-2.0
"""Rooms of the library: which folder of model/ may use which, by #include and by call.

What calls what is read from the symbols of compiled objects: a file uses another one when it needs a symbol that the
other defines. So a call through a header of a third room counts, whatever was included.
"""
from __future__ import annotations

import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Bottom first: a room uses only rooms above its own line here. docs/architecture.md says what lives in each.
MAY_USE: dict[str, tuple[str, ...]] = {
    "tables": (),
    "cmdbuf": (),
    "base": ("cmdbuf",),
    "caches": ("tables", "cmdbuf", "base"),
    "config": ("tables", "base", "caches"),
    "port": ("tables", "base", "caches", "config"),
    "signals": ("base", "port"),
    "logs": ("tables", "cmdbuf", "base", "port", "signals"),
    "lookup": ("tables", "cmdbuf", "base", "caches", "port"),
    "guests": ("tables", "cmdbuf", "base", "caches", "port", "signals", "logs", "lookup"),
    "observe": ("tables", "cmdbuf", "base", "caches", "port", "logs", "lookup"),
    "requests": ("tables", "cmdbuf", "base", "caches", "port", "signals", "logs", "lookup", "guests", "observe"),
    "commands": ("tables", "cmdbuf", "base", "caches", "port", "signals", "logs", "lookup", "guests", "observe"),
    "registers": ("tables", "cmdbuf", "base", "config", "port", "signals", "logs", "lookup", "guests", "observe"),
    "lint": ("tables", "cmdbuf", "base", "caches", "port", "logs", "lookup", "guests", "observe"),
    "host": ("tables", "cmdbuf", "base", "caches", "port", "signals", "logs", "lookup", "guests", "observe", "requests",
             "registers", "lint"),
    "ivrs": ("tables", "base", "config"),
}
FACES = ("timed", "python", "systemc", "dpi", "include")  # they see public headers only (timed: base, too): check-tree
TOP = "model/ itself"  # the life of a device: uses every room, and no room uses it

# What the description of the layouts is turned into belongs to everybody, and so does the structure of the whole device.
COMMON_HEADERS = ("model/device.h", "model/layout.h", "model/registers.h")


def room_of(name: str) -> str | None:
    """The room of a file by its path in the tree, or in the build's folder of generated files."""
    match = re.match(r"(?:generated/)?(tables|cmdbuf)/", name)
    if match:
        return match[1]
    if name.startswith("generated/model/"):
        return "base"
    match = re.match(r"model/(?:([a-z]+)/)?[\w.]+$", name)
    if not match:
        return None
    if match[1] is None:
        return TOP
    return None if match[1] in FACES else match[1]  # a folder that the table does not know may use nothing


def may(user: str, used: str) -> bool:
    return user == used or (user == TOP) or used in MAY_USE.get(user, ())


def check_table() -> Iterator[str]:
    """The table itself has no circle: a room stands below all that use it."""
    order = list(MAY_USE)
    for room, used in MAY_USE.items():
        for other in used:
            if order.index(other) >= order.index(room):
                yield f"scripts/rooms.py:1: {other} is not below {room}, which may use it"


def check_docs() -> Iterator[str]:
    """The table in docs/architecture.md says the same; what all may use is not repeated there."""
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    for room, used in MAY_USE.items():
        told = ", ".join(other for other in used if other not in ("tables", "cmdbuf", "base")) or "\u2013"
        if room not in ("tables", "cmdbuf") and not re.search(rf"^\| `{room}/` \|[^|]*\| {told} \|$", text, re.M):
            yield f"docs/architecture.md:1: the table of rooms does not say that {room} may use: {told}"


def check_include(name: str, target: str) -> bool:
    """Whether the file may include this header of another room."""
    user, used = room_of(name), room_of(target)
    if user is None or used is None or target in COMMON_HEADERS:
        return True
    return may(user, used)


# ------------------------------------------------------------------ calls

Uses = dict[str, dict[str, set[str]]]  # file -> file it uses -> by which symbols


def objects_of(build: Path) -> dict[str, Path]:
    """The objects of the static library in a folder of CMake's, by the path of their source."""
    found = {}
    for target in ("tables/CMakeFiles/amdvi-tables.dir", "cmdbuf/CMakeFiles/amdvi-cmdbuf.dir",
                   "model/CMakeFiles/amdvi-model.dir"):
        for path in sorted((build / target).rglob("*.o")):
            inside = str(path.relative_to(build / target)).removesuffix(".o")
            generated = re.sub(r"^(__/)+", "", inside)
            name = generated if generated != inside else f"{target.split('/')[0]}/{inside}"
            if generated != inside or (ROOT / name).is_file():  # a file that was moved leaves its object behind
                found[name] = path
    return found


def symbols(path: Path) -> Iterator[tuple[str, str]]:
    """Kind and name; gcc-nm also reads objects that are only intermediate code for the linker."""
    tool = shutil.which("gcc-nm") or "nm"
    listing = subprocess.run([tool, str(path)], capture_output=True, text=True, check=True)
    for line in listing.stdout.splitlines():
        words = line.split()
        yield words[-2], words[-1]


def uses_of(objects: dict[str, Path]) -> Uses:
    defined: dict[str, str] = {}
    needed: dict[str, set[str]] = defaultdict(set)
    for source, path in objects.items():
        for kind, name in symbols(path):
            if kind == "U":
                needed[source].add(name)
            elif kind.isupper():
                defined[name] = source
    uses: Uses = defaultdict(lambda: defaultdict(set))
    for source, names in needed.items():
        for name in names & defined.keys():
            if defined[name] != source:
                uses[source][defined[name]].add(name)
    return uses


def strays(uses: Uses) -> Iterator[str]:
    """Calls that the table does not allow."""
    for source in sorted(uses):
        for target, names in sorted(uses[source].items()):
            user, used = room_of(source), room_of(target)
            if user and used and not may(user, used):
                yield f"{source}:1: {user} must not use {used}: {', '.join(sorted(names))} of {target}"


def path_between(uses: Uses, start: str, end: str) -> list[str] | None:
    """The shortest chain of files from start to end."""
    came: dict[str, str] = {}
    edge = [start]
    while edge:
        here = edge.pop(0)
        for other in sorted(uses.get(here, {})):
            if other == end:
                chain = [end, here]
                while chain[-1] != start:
                    chain.append(came[chain[-1]])
                return chain[::-1]
            if other not in came and other != start:
                came[other] = here
                edge.append(other)
    return None


def circles(uses: Uses) -> Iterator[str]:
    """Files that call each other in a circle; of each set of such files the shortest one from its first file."""
    told: set[str] = set()
    for source in sorted(uses):
        if source in told:
            continue
        chain = path_between(uses, source, source)
        if not chain:
            continue
        told.update(other for other in uses if path_between(uses, source, other) and path_between(uses, other, source))
        steps = [f"{a} -> {b} ({', '.join(sorted(uses[a][b]))})" for a, b in zip(chain, chain[1:])]
        yield f"{source}:1: calls in a circle: {'; '.join(steps)}"


def check_calls(objects: dict[str, Path]) -> list[str]:
    uses = uses_of(objects)
    return [*strays(uses), *circles(uses)]


def check_built(build: Path) -> list[str]:
    """The library in a folder of CMake's."""
    objects = objects_of(build)
    if not any(name.startswith("model/") for name in objects):
        return [f"{build}: no objects of the library: build it first"]
    return check_calls(objects)
