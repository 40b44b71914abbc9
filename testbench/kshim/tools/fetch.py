# SPDX-License-Identifier: GPL-2.0-only
"""
Gets the linux-source package of a newer suite, from the mirror that this machine's apt uses, by its own rules.

Nothing of the machine's configuration changes: apt works in a folder of ours, with one source entry more.
"""
from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from .errors import KernelError, Unavailable


def mirrors() -> list[str]:
    """The mirrors of the machine's own sources, those of the main archive first."""
    listing = subprocess.run(["apt-get", "indextargets", "--format", "$(SITE) $(RELEASE) $(REPO_URI)"],
                             capture_output=True, text=True, check=False)
    found = [line.split()[-1] for line in listing.stdout.splitlines() if len(line.split()) == 3]
    unique = sorted(dict.fromkeys(found), key=lambda uri: "security" in uri)
    if not unique:
        raise Unavailable("apt knows no archive: run apt-get update first")
    return unique


def apt_options(folder: Path) -> list[str]:
    """Lists and caches of our own, the machine's keys and proxies."""
    for name in ("lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return ["-o", f"Dir::Etc::sourcelist={folder}/sources.list", "-o", "Dir::Etc::sourceparts=-",
            "-o", f"Dir::State::lists={folder}/lists", "-o", f"Dir::Cache={folder}/cache",
            "-o", "APT::Get::List-Cleanup=0", "-o", "APT::Sandbox::User=root" if os.getuid() == 0 else
            "Debug::NoLocking=true"]


def run(command: list[str], folder: Path, what: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False,
                          env={**os.environ, "LC_ALL": "C"})
    if done.returncode:
        raise Unavailable(f"{what}: {(done.stderr or done.stdout).strip().splitlines()[-1:] or ['no reason given']}")
    return done.stdout


def newest(folder: Path, options: list[str], version: str) -> str:
    """The package's name: linux-source-VERSION, or of the newest version when none is named."""
    names = run(["apt-cache", *options, "search", "--names-only", r"^linux-source-[0-9.]+$"], folder, "apt-cache")
    found = re.findall(r"^(linux-source-([0-9.]+)) ", names, re.M)
    if version:
        found = [one for one in found if one[1] == version]
    if not found:
        raise Unavailable(f"this suite has no linux-source-{version or '*'}")
    return max(found, key=lambda one: [int(part) for part in one[1].split(".")])[0]


def fetch(suite: str, version: str, folder: Path, say: Callable[[str], None]) -> Path:
    """The tarball out of the suite's package; kept, so that a second call does nothing."""
    if not re.fullmatch(r"[a-z][a-z0-9-]*", suite):
        raise KernelError(f"'{suite}' is no name of a suite (trixie, trixie-backports, sid)")
    for tool in ("apt-get", "apt-cache", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise Unavailable(f"{tool} is missing: this is no Debian system")
    work = folder / f"fetch-{suite}"
    work.mkdir(parents=True, exist_ok=True)
    options = apt_options(work)
    (work / "sources.list").write_text(f"deb {mirrors()[0]} {suite} main\n", encoding="utf-8")
    say(f"reading the lists of {suite}")
    run(["apt-get", *options, "update"], work, f"the lists of {suite} cannot be read")
    package = newest(work, options, version)
    target = folder / f"{package}.tar.xz"
    if target.exists():
        return target
    say(f"downloading {package} (some 150 MB)")
    run(["apt-get", *options, "download", package], work, package)
    archive = next(work.glob(f"{package}_*.deb"))
    run(["dpkg-deb", "--extract", str(archive), str(work / "out")], work, package)
    archive.unlink()
    shutil.move(next((work / "out").rglob(f"{package}.tar.*")), target)
    shutil.rmtree(work / "out")
    return target
