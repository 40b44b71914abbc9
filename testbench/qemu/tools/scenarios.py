# SPDX-License-Identifier: GPL-2.0-or-later
"""What is booted, and what must be seen then."""
from __future__ import annotations

from dataclasses import dataclass, field

IO = "facts,disks,net"
ALL = f"{IO},vfio"
PRESETS = ("rome", "milan", "genoa", "turin", "raphael", "legacy", "emulator-min")


@dataclass(frozen=True)
class Scenario:
    """One boot. `lines` are regular expressions that the console must match, `absent` must not."""

    name: str
    append: str = ""
    tasks: str = IO
    keys: tuple[str, ...] = ()
    topology: str = "flat"
    cpu: str = "EPYC"
    processors: int = 1
    ats: bool = False  # virtio devices keep translations
    memory: str = "512"
    record: bool = False
    modules: tuple[str, ...] = ()  # of ours, in testbench/qemu/guest
    lines: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    mistakes: tuple[str, ...] = ()  # kinds that the lint must report; it must report no other
    report: dict[str, int] = field(default_factory=dict)  # least values of statistics of each unit
    commands: dict[str, int] = field(default_factory=dict)  # least numbers of commands, by name


REMAPPED = r"AMD-Vi: Interrupt remapping enabled"
NOT_OK = r"CHECK \S+ FAILED"
SCENARIOS = [
    Scenario("lazy", "iommu=nopt iommu.strict=0", ALL, record=True,
             lines=(REMAPPED, r"lazy mode", r"Extended features", r"FACT interrupts [1-9]\d* remapped",
                    r"AMD-Vi: Event logged \[IO_PAGE_FAULT domain=0x[0-9a-f]+ address=0x1234567000 flags=0x0000\]",
                    r"CHECK edu-fuzz ok", r"CHECK edu-rights ok"),
             report={"translated": 10000, "interrupts_remapped": 500, "events": 8}),
    Scenario("strict", "iommu=nopt iommu.strict=1", record=True, lines=(REMAPPED, r"strict mode"),
             report={"translated": 10000, "commands": 5000}),
    Scenario("v2", "iommu=nopt amd_iommu=pgtbl_v2", ALL, lines=(REMAPPED, r"CHECK edu-fuzz ok"),
             report={"translated": 10000, "reads_guest": 1000}),
    Scenario("v2-5level", "iommu=nopt amd_iommu=pgtbl_v2", cpu="EPYC,+la57", lines=(REMAPPED,),
             report={"translated": 10000, "reads_guest": 1000}),
    Scenario("pt", "iommu=pt", lines=(REMAPPED, r"Passthrough"), report={"requests": 10000}),
    Scenario("legacy-interrupts", "iommu=nopt amd_iommu_intr=legacy", lines=(REMAPPED,),
             report={"interrupts_remapped": 500}),
    Scenario("no-remapping", "iommu=nopt intremap=off", absent=(REMAPPED,), report={"translated": 10000}),
    Scenario("forcedac", "iommu=nopt iommu.forcedac=1", lines=(REMAPPED,), report={"translated": 10000}),
    Scenario("bridges", "iommu=nopt", ALL, topology="bridges", lines=(REMAPPED, r"CHECK edu-fuzz ok"),
             report={"translated": 10000}),
    Scenario("ats", "iommu=nopt iommu.strict=1", topology="port", ats=True, lines=(REMAPPED,), commands={"INVALIDATE_IOTLB_PAGES": 20},
             report={"translated": 10000}),
    Scenario("two", "iommu=nopt", topology="two", lines=(REMAPPED,), report={"translated": 1000}),
    Scenario("processors", "iommu=nopt iommu.strict=1", ALL, processors=4, lines=(REMAPPED, r"CHECK edu-fuzz ok"),
             report={"translated": 10000}),
    Scenario("memory", "iommu=nopt iommu.forcedac=1", ALL, memory="5G", lines=(REMAPPED, r"CHECK edu-fuzz ok"), report={"translated": 10000}),
    Scenario("again", "iommu=nopt", "facts,disks,again,net", lines=(rf"(?s){REMAPPED}.*CHECK first ok.*{REMAPPED}",),
             report={"translated": 10000, "interrupts_remapped": 500}),
    Scenario("suspend", "iommu=nopt", "facts,suspend,disks,net", lines=(REMAPPED, r"CHECK suspend ok", r"PM: suspend exit"),
             report={"translated": 10000, "interrupts_remapped": 500}),
    Scenario("kexec", "iommu=nopt", "facts,disks,handoff", memory="1G", lines=(rf"(?s){REMAPPED}.*CHECK handoff ok.*{REMAPPED}",),
             report={"translated": 10000, "interrupts_remapped": 500}),
    Scenario("kdump", "iommu=nopt crashkernel=256M", "facts,disks,crash", memory="1G",
             lines=(rf"(?s){REMAPPED}.*CHECK crash ok.*sysrq: Trigger a crash.*{REMAPPED}",),
             report={"translated": 10000, "interrupts_remapped": 500}),
    Scenario("counters", "iommu=nopt", "facts,disks,perf,net", lines=(REMAPPED, r"CHECK perf ok", r"[1-9]\d{3,} translations for 1000 reads, 0 of nobody"),
             report={"translated": 10000}),
    *(Scenario(f"preset-{name}", "iommu=nopt", keys=(f"preset={name}",), report={"translated": 10000}) for name in PRESETS),
    Scenario("forget", "iommu=nopt iommu.strict=1", "facts,forget", modules=("forget",),
             lines=(r"CHECK forget ok", r"forget: took the page at 0x5000000 away; the device still wrote it"),
             mistakes=("stale-entry",)),
]


def by_name(name: str) -> Scenario | None:
    return next((one for one in SCENARIOS if one.name == name), None)
