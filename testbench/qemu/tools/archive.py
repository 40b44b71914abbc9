# SPDX-License-Identifier: GPL-2.0-or-later
"""
Gets packages by the machine's own apt, whose configuration stays as it is.

Binary packages come by `apt-get download`. Source packages need a source entry that most machines do not have: apt
works in a folder of ours then, with the same mirrors, keys and proxies.
"""
from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from .errors import Unavailable

SUITES = ("", "-security", "-updates")


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


def private_apt(folder: Path) -> list[str]:
    """Options for an apt that also reads source packages, with lists of its own."""
    for name in ("lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    known = archives()
    if not known:
        raise Unavailable("apt knows no archive of Debian's: run apt-get update first")
    lines = [f"deb-src {uri} {suite} main\n" for uri, suite in known]
    (folder / "sources.list").write_text("".join(dict.fromkeys(lines)), encoding="utf-8")
    return ["-o", f"Dir::Etc::sourcelist={folder}/sources.list", "-o", "Dir::Etc::sourceparts=-",
            "-o", f"Dir::State::lists={folder}/lists", "-o", f"Dir::Cache={folder}/cache",
            "-o", "APT::Sandbox::User=root" if os.getuid() == 0 else "Debug::NoLocking=true"]


def source(package: str, version: str, folder: Path) -> None:
    """The files of a source package, unpacked by nobody, into `folder`."""
    options = private_apt(folder / "apt")
    run(["apt-get", "-q", *options, "update"], folder, "the lists of source packages cannot be read")
    run(["apt-get", "-q", *options, "source", "--download-only", f"{package}={version}"], folder,
        f"the source of {package} {version} cannot be fetched")


def newest(beginning: str, pattern: str) -> str:
    """The name of the newest package whose name matches, by the numbers in it."""
    found: list[tuple[list[int], str]] = []
    listing = run(["apt-cache", "pkgnames", beginning], Path("."), "apt-cache")
    for line in listing.splitlines():
        name = line.strip()
        if re.fullmatch(pattern, name):
            found.append(([int(part) for part in re.findall(r"\d+", name)], name))
    if not found:
        raise Unavailable(f"the machine's archives have no package {pattern}")
    return max(found)[1]


def needs(package: str, pattern: str) -> list[str]:
    """Packages that this one depends on directly, whose names match."""
    listing = run(["apt-cache", "depends", package], Path("."), package)
    return re.findall(rf"Depends: ({pattern})$", listing, re.M)


def unpack(package: str, target: Path) -> None:
    """Adds the contents of a binary package to a folder."""
    target.mkdir(parents=True, exist_ok=True)
    run(["apt-get", "-q", "-o", "APT::Sandbox::User=root" if os.getuid() == 0 else "Debug::NoLocking=true", "download", package],
        target, f"{package} cannot be fetched")
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


def binary(package: str, folder: Path) -> Path:
    """The contents of a binary package, in a folder of its name; kept."""
    target = folder / package
    with alone(folder):
        if not (target / ".unpacked").exists():
            shutil.rmtree(target, ignore_errors=True)
            unpack(package, target)
            (target / ".unpacked").touch()
    return target
