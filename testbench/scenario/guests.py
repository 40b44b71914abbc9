# SPDX-License-Identifier: Apache-2.0
"""Random scenarios of several guests on the virtualised IOMMU: own rings, own IDs, own logs."""
from __future__ import annotations

import random

from golden.layout import IPA_DEVMAP, IPA_DOMMAP
from golden.request import Request

from . import world as w
from .builder import Builder
from .matrices import OPS, Traces
from .world import GuestTable, HostTable, World, entry, op_pages, v1_entry

OWN, OWN_DOM = 0x0002, 0xFFF0
BUFFER_TRP, VCMD, VIOMMU = 1 << 60, 1 << 52, 1 << 53
TWO_MIB = 1 << 21


class Private:
    """The private address space and the device table entry of the IOMMU itself (viommu.md 2)."""

    def __init__(self, world: World, gids: list[int]) -> None:
        self.table = HostTable(world, 3)
        wanted = {n * TWO_MIB for n in range(4)}
        wanted |= {(IPA_DEVMAP + (gid << 20)) & -TWO_MIB for gid in gids}
        wanted |= {(IPA_DOMMAP + (gid << 19)) & -TWO_MIB for gid in gids}
        for ipa in sorted(wanted):
            self.table.put(ipa, v1_entry(world.page(TWO_MIB), 0), 2)
            world.next_page += TWO_MIB
        world.dte(OWN, entry(V=1, TV=1, IR=1, IW=1, Mode=3, root=self.table.root, DomainID=OWN_DOM))


class Vm:
    """One guest with one device: guest tables, command ring, event log, all in guest memory."""

    def __init__(self, world: World, rng: random.Random, gid: int, index: int) -> None:
        self.w, self.rng, self.gid = world, rng, gid
        self.gdev, self.gdom = rng.getrandbits(16), rng.getrandbits(16)
        self.hdev, self.hdom, self.trans = 0x200 + index, 0x100 + index, 0xFFFF - index
        self.host = HostTable(world, 4)
        self.guest = GuestTable(world, 4, self.host)
        self.ring, self.log, self.store = self.guest.alloc(), self.guest.alloc(), self.guest.alloc()
        self.pasids = [rng.randrange(512) for _ in range(2)]
        self.pages = [(pasid, rng.getrandbits(34) << 12) for pasid in self.pasids for _ in range(5)]
        self.finals = [0x60_0000_0000 + (n << 12) for n in range(10)]
        self.tail = self.sequence = 0
        self._tables()

    def _tables(self) -> None:
        for gpa in self.finals:
            self._final(gpa)
        for page in self.pages:
            self._leaf(*page)
        self.w.dte(self.trans, entry(V=1, TV=1, IR=1, IW=1, Mode=4, root=self.host.root, DomainID=0xF00 + self.gid))
        self.w.dte(self.hdev, entry(V=1, TV=1, IR=1, IW=1, Mode=4, root=self.host.root, DomainID=self.hdom, GV=1,
                                    I=1, gcr3=self.guest.root(), vImuEn=1, GDeviceID=self.gdev, GuestID=self.gid))

    def _final(self, gpa: int) -> None:
        alive = self.rng.random() < .9
        value = v1_entry(self.rng.getrandbits(39) << 12, 0, True, self.rng.random() < .9)
        self.host.put(gpa, value if alive else 0)

    def _leaf(self, pasid: int, gva: int) -> None:
        flags = self.rng.choice((0x67, 0x67, 7, 5, 3, 0)) | (self.rng.random() < .2) << 63
        self.guest.put(pasid, gva, self.rng.choice(self.finals) | flags)

    def start(self) -> None:
        """viommu.md 9.3, 9.4: reset, TransDevID, logs, ring, ID maps."""
        b = self.w.b
        self.w.sync(10 << 60 | 1 << 31 | 1 << 28 | self.gid)
        b.vfc_write(self.gid, 0x10, self.trans << 16)
        b.vfc_write(self.gid, 0x28, self.log[0] | 1 << 8 | 8)
        self._enable(True)
        b.vfc_write(self.gid, 0x0, 1 << 63 | self.gdev << 46 | self.hdev << 14 | 1)
        b.vfc_write(self.gid, 0x8, 1 << 63 | self.gdom << 46 | self.hdom << 14 | 1)

    def _enable(self, on: bool) -> None:
        self.w.b.vfc_write(self.gid, 0x20, self.ring[0] | on << 8 | 8)

    def submit(self, *commands: int) -> None:
        for value in commands:
            self.w.b.word(self.ring[1] + self.tail, value, 16)
            self.tail = (self.tail + 16) % 4096
        self.w.b.vf_write(self.gid, 0x8, self.tail)

    def _wait(self) -> tuple[int, int]:
        self.sequence += 1
        offset = 8 * (self.sequence % 512)
        return 1 << 60 | self.store[0] + offset | 1 | self.sequence << 64, self.store[1] + offset

    def sync(self, *commands: int) -> None:
        wait, where = self._wait()
        self.submit(*commands, wait)
        self.w.b.expect_mem(where, 8)

    def edit(self) -> None:
        roll = self.rng.random()
        if roll < .25:
            self._final(self.rng.choice(self.finals))
            self.w.sync(op_pages(self.hdom))
        elif roll < .35:
            self._illegal()
        elif roll < .5:
            self._remote()
        else:
            page = self.rng.choice(self.pages)
            self._leaf(*page)
            where = self.rng.choice((w.EVERYTHING, page[1], page[1] | 2))
            self.sync(op_pages(self.gdom, page[0], where))

    def _illegal(self) -> None:
        """An illegal command, then the repair: off, legal command in its place, on."""
        bad = self.rng.choice((0, 11 << 60, 9 << 60, 10 << 60, 2 << 60 | 1 << 20, 3 << 60 | 1 << 24))
        head = self.tail
        self.submit(bad)
        b = self.w.b
        b.new_records()
        b.vf_read(self.gid, 0x0)
        b.vf_read(self.gid, 0x20, 0x10)
        wait, where = self._wait()
        self._enable(False)
        b.word(self.ring[1] + head, wait, 16)
        self._enable(True)
        b.expect_mem(where, 8)

    def _remote(self) -> None:
        """INVALIDATE_IOTLB_PAGES with guest IDs reaches the host device."""
        page = self.rng.choice(self.pages)
        pasid = page[0]
        split = (pasid >> 8 & 0xFF) << 16 | (pasid & 0xFF) << 48 | (pasid >> 16) << 56
        self.sync(4 << 60 | self.gdev | self.gdev << 32 | split | 1 << 66 | page[1] << 64)
        self.w.b.device.atc.pop()
        self.w.b.emit(f"expect_atc_inv dev={self.hdev:#x} addr={page[1]:#x} size=0x1000 pasid={pasid:#x}")

    def ask(self) -> None:
        pasid, gva = self.rng.choice(self.pages)
        priv = self.rng.random() < .4
        self.w.b.dma(Request(self.hdev, gva + self.rng.randrange(4080), 8, self.rng.choice(OPS), pasid, priv))
        if self.rng.random() < .3:
            self.w.b.vf_read(self.gid, 0x18)
            tail = self.w.b.device.viommu.vf_read(self.gid, 0x18, 8)
            self.w.b.vf_write(self.gid, 0x10, tail)


def viommu_mix(seed: int, steps: int) -> Traces:
    rng = random.Random(f"viommu {seed}")
    b = Builder("random guests: edits, guest invalidations, requests, guest logs, illegal guest commands", seed)
    world = World(b, w.GT | w.GA | w.GAM_VAPIC | w.TRP | BUFFER_TRP | VCMD | VIOMMU)
    gids = rng.sample(range(1, 0x8000), 3)
    Private(world, gids)
    vms = [Vm(world, rng, gid, index) for index, gid in enumerate(gids)]
    world.boot()
    for vm in vms:
        vm.start()
    for _ in range(steps):
        vm = rng.choice(vms)
        vm.edit() if rng.random() < .4 else vm.ask()
        if rng.random() < .1:
            world.consume_events()
    return {"rand_viommu": b}
