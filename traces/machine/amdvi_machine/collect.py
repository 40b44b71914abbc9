# SPDX-License-Identifier: Apache-2.0
"""Collects the state of this machine's AMD IOMMUs into one archive, for amdvi import. Runs as root; changes nothing."""
from __future__ import annotations

import argparse
import glob
import io
import mmap
import os
import re
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Callable

from . import elf, probes
from .bits import PAGE, REGISTERS
from .btf import Btf
from .errors import SourceError, Unreadable
from .kernel import Kernel, domain_offsets, symbols
from .registers import from_kernel, wide_interrupts
from .walk import Walk

DEBUGFS = "/sys/kernel/debug/iommu/amd"
MOST_FILE = 16 << 20
RING_BYTES = 8192


class DeviceMemory:
    """/dev/mem, where the kernel lets one read it."""

    name = "/dev/mem"

    def __init__(self) -> None:
        self.file = os.open(self.name, os.O_RDONLY | os.O_SYNC)

    def physical(self, address: int, size: int) -> bytes:
        try:
            return os.pread(self.file, size, address)
        except OSError as error:
            raise Unreadable(f"{self.name} at {address:#x}: {error.strerror}") from None

    def register(self, base: int, offset: int) -> int:
        """One read of 64 bits."""
        page = base + offset & ~(PAGE - 1)
        with mmap.mmap(self.file, PAGE, prot=mmap.PROT_READ, offset=page) as window:
            with memoryview(window) as view, view.cast("Q") as words:
                return int(words[(base + offset - page) // 8])


class Collection:
    """What goes into the archive."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.missing: list[str] = []
        self.facts: list[dict[str, int]] = []
        self.values: dict[int, dict[int, int]] = {}  # registers that were read, by unit

    def miss(self, text: str) -> None:
        self.missing.append(text)
        print(f"not collected: {text}", file=sys.stderr)

    def part(self, what: str, step: Callable[[], None]) -> None:
        """A step that may fail; the others go on."""
        try:
            step()
        except OSError as error:
            self.miss(f"{what}: {error.filename or what}: {error.strerror or error}")
        except (SourceError, Unreadable, ValueError) as error:
            self.miss(f"{what}: {error}")

    def take(self, name: str, path: str) -> None:
        with open(path, "rb") as file:
            self.files[name] = file.read(MOST_FILE)
            if file.read(1):
                self.miss(f"{name}: more than {MOST_FILE >> 20} MiB: the rest is cut off")

    # ------------------------------------------------------------ small files

    def facts_of_machine(self) -> None:
        with open("/proc/cmdline", encoding="ascii", errors="replace") as file:
            line = file.read().strip()
        names = os.uname()
        self.files["collection"] = (f"amdvi-collection 1\nrelease={names.release}\nversion={names.version}\ncmdline={line}\n"
                                    f"time={time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())}\n").encode()

    def sysfs(self) -> None:
        paths = sorted(glob.glob("/sys/class/iommu/ivhd*/amd-iommu"))
        if not paths:
            self.miss("sysfs: no /sys/class/iommu/ivhd*: the driver runs no AMD IOMMU")
        for path in paths:
            unit = path.split("/")[-2]
            for name in ("cap", "features"):
                self.take(f"sysfs/{unit}/{name}", f"{path}/{name}")
            devices = sorted(os.listdir(f"/sys/class/iommu/{unit}/devices"))
            self.files[f"sysfs/{unit}/devices"] = "".join(f"{device}\n" for device in devices).encode()

    def messages(self) -> None:
        done = subprocess.run(["dmesg"], capture_output=True, check=False)
        found = [line for line in done.stdout.decode("utf-8", "replace").splitlines() if "AMD-Vi" in line]
        self.files["dmesg"] = "".join(f"{line}\n" for line in found[-10000:]).encode()

    # ------------------------------------------------------------ debugfs

    def _ask(self, path: str, question: str) -> str:
        with open(path, "r+", encoding="ascii") as file:
            file.write(question)
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read()

    def debugfs(self) -> None:
        for path in sorted(glob.glob(f"{DEBUGFS}/iommu[0-9]*")):
            unit = path.split("/")[-1]
            self.files[f"debugfs/{unit}/mmio"] = "".join(self._ask(f"{path}/mmio", hex(at)) for at in REGISTERS.values()).encode()
            self.files[f"debugfs/{unit}/capability"] = "".join(
                self._ask(f"{path}/capability", hex(at)) for at in range(0, 0x15, 4)).encode()
            self.take(f"debugfs/{unit}/cmdbuf", f"{path}/cmdbuf")
        devices = [line for name, data in self.files.items() if name.endswith("/devices") for line in data.decode().split()]
        for name in ("devtbl", "irqtbl"):
            texts = []
            for device in devices:
                self._ask(f"{DEBUGFS}/devid", device)
                with open(f"{DEBUGFS}/{name}", encoding="ascii", errors="replace") as file:
                    texts.append(file.read())
            self.files[f"debugfs/{name}"] = "".join(texts).encode()

    # ------------------------------------------------------------ memory

    def kernel(self, core: elf.Core, kallsyms: str, btf: Btf) -> None:
        kernel = Kernel(core, symbols(kallsyms, "/proc/kallsyms"), btf)
        self.facts = kernel.units()
        for index, facts in enumerate(self.facts):
            text = "".join(f"{name}={value:#x}\n" for name, value in facts.items())
            self.files[f"kernel/iommu{facts.get('index', index)}"] = text.encode()
        for text in kernel.missing:
            self.miss(f"kernel: {text}")

    def registers(self, memory: DeviceMemory) -> None:
        """By /dev/mem, where the kernel leaves registers of drivers open (without CONFIG_IO_STRICT_DEVMEM)."""
        for index, facts in enumerate(self.facts):
            found = {offset: memory.register(facts["mmio_phys"], offset) for offset in REGISTERS.values()}
            self.values[index] = found
            self.files[f"registers/iommu{facts.get('index', index)}"] = "".join(
                f"Offset:{offset:#x} Value:{value:#018x}\n" for offset, value in found.items()).encode()

    def _roots(self) -> list[tuple[dict[int, int], bool]]:
        """Register values of each unit, and whether its interrupt entries are wide."""
        found = []
        for name, data in sorted(self.files.items()):
            if re.fullmatch(r"debugfs/iommu\d+/mmio", name):
                pairs = re.findall(r"^Offset:(0x[0-9a-f]+) Value:(0x[0-9a-f]+)$", data.decode(), re.M)
                values = {int(offset, 16): int(value, 16) for offset, value in pairs}
                found.append((values, wide_interrupts(values, {})))
        if not found:
            for index, facts in enumerate(self.facts):
                values = {**from_kernel(facts), **self.values.get(index, {})}
                found.append((values, wide_interrupts(values, facts)))
        return found

    def memory(self, read: Callable[[int, int], bytes], most_pages: int, name: str = "memory.core") -> None:
        walk = Walk(read, most_pages)
        for values, wide in self._roots():
            for ring in ("cmd_base", "event_base", "ppr_base", "ga_base"):
                base = values.get(REGISTERS[ring], 0) & ((1 << 52) - PAGE)
                if base:
                    walk.range(base, RING_BYTES, ring)
            table = values.get(REGISTERS["devtab_base"], 0)
            if table:
                walk.table(table & ((1 << 52) - PAGE), (table & 0x1FF) + 1, wide)
        file = io.BytesIO()
        elf.write(file, walk.pages)
        self.files[name] = file.getvalue()
        for text in walk.problems():
            self.miss(f"memory: {text}")

    # ------------------------------------------------------------ events

    def events(self, seconds: float, kallsyms: str, btf: Btf | None) -> None:
        found = probes.lines(probes.functions_of(kallsyms), domain_offsets(btf) if btf else {})
        if not any(event == "iommu_cmd" for event, _ in found):
            self.miss("events: the kernel has no function __iommu_queue_command_sync to probe: commands are not recorded")
        with probes.Tracing(found) as tracing:
            print(f"recording events for {seconds:g} s", file=sys.stderr)
            self.files["events"] = tracing.record(seconds).encode()
        for text in tracing.missing:
            self.miss(text)

    def write(self, path: str) -> None:
        self.files["missing"] = "".join(f"{text}\n" for text in self.missing).encode()
        mode = "w:gz" if path.endswith((".gz", ".tgz")) else "w"
        with tarfile.open(path, mode) as archive:
            for name, data in sorted(self.files.items()):
                member = tarfile.TarInfo(name)
                member.size, member.mode, member.mtime = len(data), 0o600, int(time.time())
                archive.addfile(member, io.BytesIO(data))


def read_text(path: str) -> str:
    with open(path, encoding="ascii", errors="replace") as file:
        return file.read()


def collect(options: argparse.Namespace) -> Collection:
    found = Collection()
    found.part("facts", found.facts_of_machine)
    found.part("sysfs", found.sysfs)
    found.part("IVRS", lambda: found.take("acpi/IVRS", "/sys/firmware/acpi/tables/IVRS"))
    found.part("dmesg", found.messages)
    if os.path.isdir(DEBUGFS):
        found.part("debugfs", found.debugfs)
    else:
        found.miss(f"debugfs: no {DEBUGFS}: kernel before 6.17, CONFIG_AMD_IOMMU_DEBUGFS off, or debugfs not mounted")
    state: dict[str, object] = {"names": ""}
    found.part("kallsyms", lambda: state.update(names=read_text("/proc/kallsyms")))
    found.part("BTF", lambda: state.update(btf=Btf(Path("/sys/kernel/btf/vmlinux").read_bytes(), "/sys/kernel/btf/vmlinux")))
    found.part("kcore", lambda: state.update(core=elf.Core(open("/proc/kcore", "rb", buffering=0), "/proc/kcore")))
    found.part("/dev/mem", lambda: state.update(mem=DeviceMemory()))
    names, btf, core, mem = (state.get(name) for name in ("names", "btf", "core", "mem"))
    if core and btf:
        found.part("kernel's structures", lambda: found.kernel(core, names, btf))
    if mem and found.facts and not any(name.startswith("debugfs/") for name in found.files):
        found.part("registers", lambda: found.registers(mem))
    for source in (core, mem):
        if source and "memory.core" not in found.files and not options.no_memory:
            found.part(f"memory by {source.name}", lambda s=source: found.memory(s.physical, options.max_mib << 8))
            reader = source
    if options.events:
        found.part("events", lambda: found.events(options.events, names, btf))
        if "memory.core" in found.files:
            found.part("memory after the events", lambda: found.memory(reader.physical, options.max_mib << 8, "after.core"))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="collect", description=__doc__)
    parser.add_argument("-o", "--output", default="amdvi-collection.tar.gz", metavar="FILE", help="tar archive; compressed when it ends in .gz")
    parser.add_argument("-e", "--events", type=float, default=0, metavar="SECONDS", help="also record what the driver does, so long")
    parser.add_argument("-m", "--max-mib", type=int, default=256, metavar="MIB", help="most memory to copy (256)")
    parser.add_argument("--no-memory", action="store_true", help="registers, texts and events only")
    options = parser.parse_args()
    if not 0 <= options.events <= 3600 or not 1 <= options.max_mib <= 4096:
        parser.error("--events takes up to 3600 seconds, --max-mib 1 to 4096")
    found = collect(options)
    try:
        found.write(options.output)
    except OSError as error:
        print(f"{options.output}: {error.strerror}", file=sys.stderr)
        return 2
    size = os.path.getsize(options.output)
    print(f"{options.output}: {len(found.files)} files, {size} bytes, {len(found.missing)} things not collected", file=sys.stderr)
    return 1 if found.missing else 0


if __name__ == "__main__":
    sys.exit(main())
