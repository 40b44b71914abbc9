# SPDX-License-Identifier: GPL-2.0-or-later
"""The test machine: QEMU's arguments, disks with known bytes."""
from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from pathlib import Path

DISK_BYTES = 8 << 20
MARK_BYTES = 64 << 10
READ_ONLY = ",readonly=on"
DISKS = ("vda", "nvme0n1", "sda")  # in the order of their seeds
ECHO = "guestfwd=tcp:10.0.2.100:7-cmd:cat"

# Where each device stands: on the root bus, or behind bridges.
FLAT = {"disk": "pcie.0,addr=4", "nvme": "pcie.0,addr=5", "net": "pcie.0,addr=6", "e1000e": "pcie.0,addr=7",
        "edu": "pcie.0,addr=8"}
BRIDGED = {"disk": "port1", "nvme": "port2", "net": "down1", "e1000e": "down2", "edu": "legacy,addr=3"}
BRIDGES = ["-device", "pcie-root-port,id=port1,bus=pcie.0,addr=10,chassis=1",
           "-device", "pcie-root-port,id=port2,bus=pcie.0,addr=11,chassis=2",
           "-device", "pcie-root-port,id=port3,bus=pcie.0,addr=12,chassis=3",
           "-device", "x3130-upstream,id=up,bus=port3",
           "-device", "xio3130-downstream,id=down1,bus=up,chassis=4", "-device", "xio3130-downstream,id=down2,bus=up,chassis=5",
           "-device", "pcie-pci-bridge,id=legacy,bus=pcie.0,addr=13"]
# Another root bus with an IOMMU of its own.
TWO = {**FLAT, "nvme": "far", "e1000e": "far2"}
SECOND_ROOT = ["-device", "pxb-pcie,id=root2,bus_nr=64,bus=pcie.0,addr=15",
               "-device", "pcie-root-port,id=far,bus=root2,chassis=21,addr=1",
               "-device", "pcie-root-port,id=far2,bus=root2,chassis=22,addr=2",
               "-device", "amdvi-iommu-extra,root=root2"]
# One card behind a port: QEMU's virtio devices have ATS only there.
PORT = {**FLAT, "net": "port1"}
TOPOLOGIES = {"flat": (FLAT, []), "port": (PORT, BRIDGES[:2]), "bridges": (BRIDGED, BRIDGES), "two": (TWO, SECOND_ROOT)}


@dataclass
class Disks:
    """Images whose first half is known; the guest copies it into the second half."""

    folder: Path
    seed: int

    def path(self, index: int) -> Path:
        return self.folder / f"disk{index}.img"

    def half(self, index: int) -> bytes:
        return random.Random(self.seed * 16 + index).randbytes(DISK_BYTES // 2)

    def make(self) -> None:
        for index in range(len(DISKS)):
            self.path(index).write_bytes(self.half(index) + bytes(DISK_BYTES // 2))

    def sums(self) -> dict[str, str]:
        return {name: hashlib.sha256(self.half(index)).hexdigest() for index, name in enumerate(DISKS)}

    def copied(self, index: int) -> bool:
        return self.path(index).read_bytes() == self.half(index) * 2


def devices(disks: Disks, topology: str, ats: bool) -> list[str]:
    places, bridges = TOPOLOGIES[topology]
    drives = [f"file={disks.path(index)},format=raw,if=none,id=d{index}" for index in range(3)]
    modern = "iommu_platform=on,disable-legacy=on" + (",ats=on" if ats else "")
    return [*bridges,
            "-drive", drives[0], "-device", f"virtio-blk-pci,drive=d0,bus={places['disk']},{modern}",
            "-drive", drives[1], "-device", f"nvme,drive=d1,serial=q1,bus={places['nvme']}",
            "-drive", drives[2], "-device", "ide-hd,drive=d2,bus=ide.0",
            "-netdev", f"user,id=n0,restrict=on,{ECHO}", "-device", f"virtio-net-pci,netdev=n0,bus={places['net']},{modern},romfile=",
            "-netdev", f"user,id=n1,restrict=on,{ECHO}", "-device", f"e1000e,netdev=n1,bus={places['e1000e']},romfile=",
            "-device", f"edu,bus={places['edu']},dma_mask={(1 << 64) - 1}"]


def extra_disk(name: str, path: Path, slot: int, more: str = "") -> list[str]:
    """A virtio disk that the guest finds by its serial number."""
    return ["-drive", f"file={path},format=raw,if=none,id={name}{more}",
            "-device", f"virtio-blk-pci,drive={name},serial={name},bus=pcie.0,addr={slot:x},iommu_platform=on,disable-legacy=on"]


def mark(disks: Disks) -> list[str]:
    """A small disk on which the guest notes that it has been there: machines with it may boot again."""
    path = disks.folder / "mark.img"
    path.write_bytes(bytes(MARK_BYTES))
    return extra_disk("mark", path, 9)


def arguments(kernel: Path, initrd: Path, append: str, disks: Disks, *, topology: str = "flat", cpu: str = "EPYC",
              processors: int = 1, ats: bool = False, memory: str = "512", again: bool = False, successor: bool = False) -> list[str]:
    """
    QEMU's arguments without machine and IOMMU. The kernel's check of the timer (no_timer_check) wants ticks within 60 ms
    of the host's time, which a busy host does not always give. Several processors take turns: with a thread each, QEMU 7.2
    sometimes shows them half of an instruction that the kernel patches.
    """
    return ["-accel", "tcg" if processors == 1 else "tcg,thread=single", "-cpu", cpu, "-smp", str(processors), "-m", memory,
            "-kernel", str(kernel), "-initrd", str(initrd), "-append", f"console=ttyS0 loglevel=7 panic=-1 no_timer_check {append}", "-nodefaults", "-display", "none", "-serial", "stdio",
            "-monitor", "none", *(mark(disks) if again else ["-no-reboot"]), *devices(disks, topology, ats),
            *(extra_disk("kernel", kernel, 0xa, READ_ONLY) + extra_disk("initrd", initrd, 0xb, READ_ONLY) if successor else [])]
