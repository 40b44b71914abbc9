# SPDX-License-Identifier: Apache-2.0
"""Opens what a user has: a collection (tar, folder), a core file, texts of debugfs and of events."""
from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import tarfile
from dataclasses import dataclass, field
from typing import BinaryIO

from . import debugfs, events
from .btf import Btf
from .debugfs import Dump
from .elf import Core
from .errors import SourceError, Unreadable, number
from .kernel import Kernel, symbols

MOST_TEXT = 512 << 20
MOST_MEMBERS = 4096
MOST_UNITS = 64
ZSTD = b"\x28\xb5\x2f\xfd"
CORES = ("memory.core", "after.core")
FACT = re.compile(r"^(\w{1,40})=(0x[0-9a-f]{1,16})$")


@dataclass
class Unit:
    """One IOMMU, as far as the sources tell."""

    facts: dict[str, int] = field(default_factory=dict)  # what the driver keeps, kernel.py
    dump: Dump = field(default_factory=Dump)
    features: list[int] = field(default_factory=list)  # both words of sysfs, in its order


@dataclass
class Machine:
    units: dict[int, Unit] = field(default_factory=dict)
    dump: Dump = field(default_factory=Dump)  # texts that belong to no one IOMMU
    core: Core | None = None
    after: Core | None = None  # memory when the events had ended
    events: list[events.Event] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    told: dict[str, str] = field(default_factory=dict)  # release, command line
    sources: list[str] = field(default_factory=list)

    def unit(self, index: int, name: str) -> Unit:
        if index >= MOST_UNITS:
            raise SourceError(name, 0, f"IOMMU {index}: more than {MOST_UNITS} are not expected")
        return self.units.setdefault(index, Unit())


def whole(stream: BinaryIO, name: str) -> bytes:
    """All of a text; one of which the end would be missing is refused."""
    data = stream.read(MOST_TEXT + 1)
    if len(data) > MOST_TEXT:
        raise SourceError(name, 0, f"more than {MOST_TEXT >> 20} MiB of text; shorter files of one machine are taken together")
    return data


def decode(data: bytes, name: str) -> str:
    if b"\0" in data:
        raise SourceError(name, data[:data.index(b"\0")].count(b"\n") + 1, "a zero byte in a text")
    return data.decode("utf-8", "replace")


def parse_facts(text: str, name: str, first: int = 1) -> dict[str, int]:
    """Lines NAME=0xVALUE; `first` is the number of the first of them in its file."""
    found = {}
    for line, words in enumerate(text.splitlines(), first):
        match = FACT.match(words)
        if not match:
            raise SourceError(name, line, f"'{words[:40]}' is no NAME=0xVALUE")
        found[match[1]] = int(match[2], 16)
    return found


def parse_features(text: str, name: str) -> list[int]:
    """Two hexadecimal numbers; which of them is EFR depends on the kernel."""
    words = text.strip().split(":")
    if len(words) != 2:
        raise SourceError(name, 1, f"features: '{text.strip()[:40]}' are not two numbers with a colon between them")
    return [number(word, 16, 64, name, 1, "features") for word in words]


class Files:
    """The parts of a collection by their names in it. `inside`: the folder of a collection that the whole origin stands for."""

    def __init__(self, machine: Machine, origin: str, inside: str = "") -> None:
        self.machine, self.origin, self.inside = machine, origin, inside
        self.taken = 0  # parts that tell something

    def name(self, part: str) -> str:
        return f"{self.origin}/{part.removeprefix(self.inside)}"

    def end(self) -> None:
        if not self.taken:
            raise SourceError(self.origin, 0, "nothing of an IOMMU is in it: a collection is wanted, or a copy of debugfs")

    def _collection(self, text: str, name: str) -> None:
        lines = text.splitlines()
        if not lines or lines[0] != "amdvi-collection 1":
            raise SourceError(name, 1, "not 'amdvi-collection 1': another version of the collector")
        self.machine.told.update(line.split("=", 1) for line in lines[1:] if "=" in line)

    def text(self, part: str, data: bytes) -> bool:
        """Whether the part tells something."""
        name, machine = self.name(part), self.machine
        text = decode(data, name)
        unit = re.search(r"/(?:iommu|ivhd)0*(\d{1,4})(?:/|$)", part)
        if part == "collection":
            self._collection(text, name)
        elif part == "missing":
            machine.missing += text.splitlines()
        elif part == "events":
            machine.events += events.parse(text, name)
        elif part == "dmesg":
            machine.messages += text.splitlines()
        elif part.startswith("kernel/") and unit:
            machine.unit(int(unit[1]), name).facts = parse_facts(text, name)
        elif part.startswith("sysfs/") and part.endswith("/features") and unit:
            machine.unit(int(unit[1]), name).features = parse_features(text, name)
        elif part.startswith(("debugfs/", "registers/")):
            debugfs.parse(text, name, machine.unit(int(unit[1]), name).dump if unit else machine.dump)
        else:
            return False
        return True

    def file(self, part: str, stream: BinaryIO) -> None:
        if part == "memory.core":
            self.taken += 1
            self.machine.core = Core(stream, self.name(part))
        elif part == "after.core":
            self.taken += 1
            self.machine.after = Core(stream, self.name(part))
        elif part in ("collection", "missing", "events", "dmesg") or "/" in part:
            if not part.startswith("acpi/"):
                self.taken += self.text(part, whole(stream, self.name(part)))


def open_tar(path: str, machine: Machine) -> None:
    files = Files(machine, path)
    try:
        with tarfile.open(place(path)) as archive:
            for count, member in enumerate(archive):
                if count >= MOST_MEMBERS:
                    raise SourceError(path, 0, f"more than {MOST_MEMBERS} files")
                stream = archive.extractfile(member) if member.isfile() else None
                if stream is None:
                    continue
                if member.size > 4 * MOST_TEXT:
                    raise SourceError(path, 0, f"{member.name}: {member.size} bytes, more than {4 * MOST_TEXT}")
                part = member.name[2:] if member.name.startswith("./") else member.name
                files.file(part, io.BytesIO(stream.read(member.size)) if part in CORES else stream)
        files.end()
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        why = "it is none that tar knows, or it is cut" if "\n" in str(error) else error  # of each compression, a line
        raise SourceError(path, 0, f"archive: {why}") from None


def open_folder(path: str, machine: Machine) -> None:
    """An unpacked collection, or a copy of /sys/kernel/debug/iommu/amd."""
    inside = "debugfs/" if not os.path.exists(f"{path}/collection") else ""
    files = Files(machine, path, inside)
    for folder, _folders, names in sorted(os.walk(path)):
        for name in sorted(names):
            file = os.path.join(folder, name)
            part = inside + os.path.relpath(file, path)
            if inside and name == "devid":
                continue
            with open(file, "rb") as stream:
                if part in CORES:
                    stream = open(file, "rb")  # stays open as long as the machine
                files.file(part, stream)
    files.end()


def moved(core: Core, known: dict[str, int], name: str) -> dict[str, int]:
    """Symbols where they are: as they stand (kallsyms), or moved by what the dump says of the kernel's start (System.map)."""
    try:
        core.virtual(known["amd_iommu_list"], 8)
        return known
    except Unreadable:
        text = core.vmcoreinfo.get("KERNELOFFSET", "0")
        offset = number(text, 16, 64, core.name, 0, "VMCOREINFO KERNELOFFSET")
    return {symbol: address + offset & (1 << 64) - 1 for symbol, address in known.items()} if offset else known


def kernel_facts(machine: Machine, names: str, types: str) -> None:
    """Where table and rings are, from a core file with symbols and types of its kernel."""
    core = machine.core
    if core is None:
        raise SourceError(names, 0, "symbols without a core file")
    with open(names, "rb") as text, open(types, "rb") as data:
        known = symbols(decode(whole(text, names), names), names)
        kernel = Kernel(core, moved(core, known, names), Btf(whole(data, types), types))
    try:
        units = kernel.units()
    except Unreadable as error:
        raise SourceError(names, 0, f"amd_iommu_list: {error}") from None
    for index, facts in enumerate(units):
        machine.unit(facts.get("index", index), names).facts = facts
    machine.missing += kernel.missing


def place(path: str) -> str:
    """What is opened for a name: "-" is standard input, which the command has made one that can be read again."""
    return "/dev/stdin" if path == "-" else path


def read_text(path: str, head: bytes) -> bytes:
    """A text as it is, or out of zstd, which this Python does not know."""
    with open(place(path), "rb") as file:
        if not head.startswith(ZSTD):
            return whole(file, path)
        if shutil.which("zstd") is None:
            raise SourceError(path, 0, "zstd is not installed: uncompress it first")
        with subprocess.Popen(["zstd", "-dcq"], stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            assert process.stdout
            text = whole(process.stdout, path)
    if process.returncode:
        raise SourceError(path, 0, "zstd cannot read it")
    return text


def open_text(path: str, head: bytes, machine: Machine) -> None:
    text = decode(read_text(path, head), path)
    if events.looks_like(text):
        machine.events += events.parse(text, path)
    elif text.startswith("amdvi-unit 1"):
        machine.unit(len(machine.units), path).facts = parse_facts(text.split("\n", 1)[-1], path, 2)
    else:
        unit = re.search(r"iommu0*(\d{1,4})\b", path)
        debugfs.parse(text, path, machine.unit(int(unit[1]) if unit else 0, path).dump)


def add(path: str, machine: Machine) -> None:
    """Adds a source; SourceError or OSError when it cannot be used."""
    machine.sources.append(path)
    if os.path.isdir(path):
        open_folder(path, machine)
        return
    file = open(place(path), "rb")
    head = file.read(512)
    if head.startswith(b"\x7fELF"):
        machine.core = Core(file, path)
        return
    file.close()
    if head[257:262] == b"ustar" or head[:2] == b"\x1f\x8b" or head[:6] == b"\xfd7zXZ\0":
        open_tar(path, machine)
    else:
        open_text(path, head, machine)
