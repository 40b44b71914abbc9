# SPDX-License-Identifier: GPL-2.0-or-later
"""
Gets packages by the machine's own apt, whose configuration stays as it is.

Binary packages come by `apt-get download`. Source packages and packages of a newer suite need a source entry that most
machines do not have: apt works in a folder of ours then, with the same mirrors, keys and proxies.
"""
from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .errors import QemuError, Unavailable

LISTS_LAST = 24 * 3600  # seconds that the lists of a suite are taken as new


@dataclass(frozen=True)
class Apt:
    """Options that make apt-get and apt-cache look where they are to look; none: where the machine's own look."""

    options: tuple[str, ...] = ()


MACHINES = Apt()


def run(command: list[str], folder: Path, what: str) -> str:
    """What the command prints; Unavailable with its last words when it fails."""
    if shutil.which(command[0]) is None:
        raise Unavailable(f"{command[0]} is missing: this is no Debian system")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False,
                          env={**os.environ, "LC_ALL": "C"})
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines()
        raise Unavailable(f"{what}: {words[-1] if words else 'no reason given'}")
    return done.stdout


def archives() -> list[tuple[str, str]]:
    """URI and suite of each archive of Debian's that the machine's apt knows."""
    listing = run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(LABEL) $(ORIGIN)", "Created-By: Packages"],
                  Path("."), "apt's archives")
    found = [line.split() for line in listing.splitlines()]
    return list(dict.fromkeys((words[0], words[1]) for words in found if words[-1:] == ["Debian"] or "Debian" in words[2:]))


def apt_in(folder: Path, lines: list[str]) -> Apt:
    """An apt with lists of its own and these source entries."""
    for name in ("lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "sources.list").write_text("".join(dict.fromkeys(lines)), encoding="utf-8")
    return Apt(("-o", f"Dir::Etc::sourcelist={folder}/sources.list", "-o", "Dir::Etc::sourceparts=-",
                "-o", f"Dir::State::lists={folder}/lists", "-o", f"Dir::Cache={folder}/cache", "-o", "APT::Get::List-Cleanup=0"))


def known_archives() -> list[tuple[str, str]]:
    known = archives()
    if not known:
        raise Unavailable("apt knows no archive of Debian's: run apt-get update first")
    return known


def as_this_user() -> list[str]:
    return ["-o", "APT::Sandbox::User=root" if os.getuid() == 0 else "Debug::NoLocking=true"]


def update(apt: Apt, folder: Path, what: str) -> None:
    run(["apt-get", "-q", *apt.options, *as_this_user(), "update"], folder, f"the lists of {what} cannot be read")


def of_suite(suite: str, folder: Path) -> Apt:
    """Packages of another suite (trixie-backports), from the machine's own mirror."""
    if not suite:
        return MACHINES
    if not re.fullmatch(r"[a-z][a-z0-9-]*", suite):
        raise QemuError(f"'{suite}' is no name of a suite, such as trixie-backports")
    work, mirror = folder / f"apt-{suite}", min(known_archives(), key=lambda one: "security" in one[0])[0]
    with alone(work):
        apt = apt_in(work, [f"deb {mirror} {suite} main\n"])
        stamp = work / "updated"
        if not stamp.exists() or time.time() - stamp.stat().st_mtime > LISTS_LAST:
            update(apt, work, suite)
            stamp.touch()
    return apt


def source(package: str, version: str, folder: Path) -> None:
    """The files of a source package, unpacked by nobody, into `folder`."""
    apt = apt_in(folder / "apt", [f"deb-src {uri} {suite} main\n" for uri, suite in known_archives()])
    update(apt, folder, "source packages")
    run(["apt-get", "-q", *apt.options, *as_this_user(), "source", "--download-only", f"{package}={version}"], folder,
        f"the source of {package} {version} cannot be fetched")


def newest(beginning: str, pattern: str, apt: Apt = MACHINES) -> str:
    """The name of the newest package whose name matches, by the numbers in it."""
    found: list[tuple[list[int], str]] = []
    listing = run(["apt-cache", *apt.options, "pkgnames", beginning], Path("."), "apt-cache")
    for line in listing.splitlines():
        name = line.strip()
        if re.fullmatch(pattern, name):
            found.append(([int(part) for part in re.findall(r"\d+", name)], name))
    if not found:
        raise Unavailable(f"the archives have no package {pattern}")
    return max(found)[1]


def needs(package: str, pattern: str, apt: Apt = MACHINES) -> list[str]:
    """Packages that this one depends on directly, whose names match."""
    listing = run(["apt-cache", *apt.options, "depends", package], Path("."), package)
    return re.findall(rf"Depends: ({pattern})$", listing, re.M)


def unpack(package: str, target: Path, apt: Apt = MACHINES) -> None:
    """Adds the contents of a binary package to a folder."""
    target.mkdir(parents=True, exist_ok=True)
    run(["apt-get", "-q", *apt.options, *as_this_user(), "download", package], target, f"{package} cannot be fetched")
    package_file = next(target.glob("*.deb"))
    run(["dpkg-deb", "--extract", package_file.name, "."], target, package)
    package_file.unlink()


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One at a time: tests that run side by side fetch the same packages."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def binary(package: str, folder: Path, parts: str = "", apt: Apt = MACHINES) -> Path:
    """
    The contents of a binary package, in a folder of its name; kept. Packages that it depends on whose names match `parts`
    go into the same folder.
    """
    target = folder / package
    with alone(folder):
        if not (target / ".unpacked").exists():
            shutil.rmtree(target, ignore_errors=True)
            for one in [package, *(needs(package, parts, apt) if parts else [])]:
                unpack(one, target, apt)
            (target / ".unpacked").touch()
    return target
