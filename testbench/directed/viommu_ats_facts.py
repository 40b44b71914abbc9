# SPDX-License-Identifier: Apache-2.0
"""INVALIDATE_IOTLB_PAGES of a guest whose device does not answer: it waits, and nobody else does."""
from __future__ import annotations

from .viommu_world import OP_ALL, Machine, op_iotlb, op_reset, vfact

EVERYTHING = 0x7FFF_FFFF_FFFF_F001
SILENT = "inject.plan=atc:dev=0x308:timeout"  # the device of the first guest


def flood(m: Machine, count: int) -> None:
    m.boot()
    for guest in m.guests:
        guest.start()
        guest.map_device()
    m.g.submit(*[op_iotlb(m.g.gdev, 0, EVERYTHING)] * count)


@vfact("7.1", "a guest whose device leaves its invalidations unanswered waits; another guest and the host do not",
       "7.1, 11 #17", guests=(1, 2), config=SILENT)
def iotlb_unanswered(m: Machine) -> None:
    other = m.guests[1]
    flood(m, 100)
    m.g.done(64)
    other.sync(op_iotlb(other.gdev, 0, EVERYTHING))
    m.sync(op_iotlb(other.hdev, 0, EVERYTHING))
    m.note("the host waits for its own command only, until InvTimeOut")
    m.g.done(64)


@vfact("7.1", "how many may be unanswered is a key", "7.1: ats.unanswered", config=f"{SILENT} ats.unanswered=3")
def iotlb_unanswered_3(m: Machine) -> None:
    flood(m, 10)
    m.g.done(3)


@vfact("7.5", "RESET_VMMIO forgets the invalidations that the guest's devices have not answered", config=SILENT)
def reset_unanswered(m: Machine) -> None:
    flood(m, 100)
    m.sync(op_reset(1))
    m.g.tail = 0
    m.g.start()
    m.g.sync(OP_ALL)
    m.g.done(2)
