# SPDX-License-Identifier: Apache-2.0
"""Translation requests and translated requests (9.1, 9.2)."""
from __future__ import annotations

from scenario import world as w
from scenario.world import v1_entry

from .fact import IOVA, PAGE, PASID, Trace, fact


@fact("9.1", "V=0: translated requests pass, a translation request is unsupported, without event")
def v0(t: Trace) -> None:
    t.dte(V=0)
    t.boot()
    t.ask("write", 0x9000, translated=True)
    t.ok(pa=0x9000)
    t.translate()
    t.fault(None, reply="abort")
    t.logged(0)


@fact("9.1", "IommuEn=0 is as V=0")
def iommu_off(t: Trace) -> None:
    t.dte(I=1)
    t.boot()
    t.write(0x18, t.world.control & ~1)
    t.translate()
    t.fault(None)
    t.ask("read", translated=True)
    t.ok(pa=IOVA)


@fact("9.2", "I=0 or TV=0: INVALID_DEVICE_REQUEST TR=1 type 1")
def disabled(t: Trace) -> None:
    t.host()
    t.dte(0x101, I=1, TV=0)
    t.boot()
    t.translate()
    t.fault("INVALID_DEVICE_REQUEST", "TR T1", "abort")
    t.translate(dev=0x101)
    t.fault("INVALID_DEVICE_REQUEST", "TR T1", "abort")


@fact("9.2", "an illegal entry: code 1 with TR=1")
def illegal_entry(t: Trace) -> None:
    t.dte(I=1, raw=4)
    t.boot()
    t.translate()
    t.fault("ILLEGAL_DEV_TABLE_ENTRY", "TR RZ", "abort")


@fact("9.2", "hardware errors: code 3 and 4 with TR=1", ram=0x8000_0000)
def hardware_error(t: Trace) -> None:
    t.dte(I=1, Mode=1, root=0x9000_0000)
    t.boot()
    t.translate()
    t.fault("PAGE_TAB_HARDWARE_ERROR", "TR T1", "abort")
    t.write(0x0, 0x9000_0000 | 0x1FF)
    t.translate(dev=0x101)
    t.fault("DEV_TAB_HARDWARE_ERROR", "TR T1", "abort")


@fact("9.2", "not present or no permission: success with R=W=0, no event")
def no_permission(t: Trace) -> None:
    table = t.host(I=1)
    table.put(0x8000, v1_entry(PAGE, 0, False, False))
    t.boot()
    t.translate(0x8000)
    t.ok(perm="-")
    t.translate(0x9000)
    t.ok(perm="-")
    t.logged(0)


@fact("9.2", "R and W as the tables and DTE.IR/IW grant them")
def permissions(t: Trace) -> None:
    table = t.host(I=1)
    table.put(0x8000, v1_entry(PAGE, 0, True, False))
    table.put(0x9000, v1_entry(PAGE, 0, False, True))
    t.host(dev=0x101, I=1, IW=0, DomainID=0x22)
    t.boot()
    for addr, perm in ((IOVA, "rw"), (0x8000, "r"), (0x9000, "w")):
        t.translate(addr)
        t.ok(pa=PAGE, perm=perm)
    t.translate(dev=0x101)
    t.ok(perm="r")


@fact("9.2", "execute is granted only when it was asked for")
def execute(t: Trace) -> None:
    t.host(I=1)
    t.boot()
    t.translate()
    t.ok(perm="rw")
    t.translate(want_exec=True)
    t.ok(perm="rwx")


@fact("9.2", "NX takes execute from the answer", control=w.GT)
def execute_nx(t: Trace) -> None:
    t.guest(flags=0x67 | 1 << 63, I=1)
    t.boot()
    t.translate(pasid=PASID, want_exec=True)
    t.ok(pa=PAGE, perm="rw")


@fact("9.2", "the no-write flag: W is not granted")
def no_write(t: Trace) -> None:
    t.host(I=1)
    t.boot()
    t.translate(no_write=True)
    t.ok(perm="r")


@fact("9.2", "Mode 0: identity with R/W from IR/IW")
def identity(t: Trace) -> None:
    t.dte(I=1, IW=0)
    t.boot()
    t.translate()
    t.ok(pa=IOVA, perm="r")


@fact("9.2", "an address in the interrupt range: success with R=W=0, INVALID_DEVICE_REQUEST TR=1 type 0")
def interrupt_range(t: Trace) -> None:
    t.dte(I=1)
    t.boot()
    t.hand("ats dev=0x100 addr=0xfee00000", "ok perm=-",
           "expect_event log=host index=0 kind=INVALID_DEVICE_REQUEST dev=0x100 addr=0xfee00000 flags=TR")


@fact("9.2", "a user gets no permission to a supervisor page, and D stays 0", "9.2, 5.3", w.GT)
def supervisor_page(t: Trace) -> None:
    tables = t.guest(flags=0x23, I=1)
    t.boot()
    t.hand(f"ats dev=0x100 addr={IOVA:#x} pasid=0x5", "ok perm=-",
           f"expect_mem addr={tables.slot(PASID, IOVA):#x} data={(PAGE | 0x23).to_bytes(8, 'little').hex()}",
           f"ats dev=0x100 addr={IOVA:#x} pasid=0x5 priv=1", f"ok pa={PAGE:#x} perm=rw")


@fact("9.2", "nested: a guest page whose D bit cannot be set is not granted for writing", "9.2, 13 no. 23", w.GT | w.TRP)
def dirty_not_settable(t: Trace) -> None:
    tables = t.guest(nested=4, flags=0x27, I=1)
    host = tables.host
    assert host
    for level in (2, 3, 4):
        spa = tables.slot(PASID, IOVA, level)
        t.word(spa, t.device.memory.u64(spa) | 0x20)
    gpa, spa = tables.table(PASID, IOVA, 1)
    host.put(gpa, v1_entry(spa, 0, True, False))
    t.boot()
    t.hand(f"ats dev=0x100 addr={IOVA:#x} pasid=0x5", f"ok pa={PAGE | 0x4000_0000_0000:#x} perm=r",
           f"expect_mem addr={tables.slot(PASID, IOVA):#x} data={(PAGE | 0x27).to_bytes(8, 'little').hex()}")


@fact("9.2", "nested: the host's D bit is set only with a W that is granted", "9.2, 4.5", w.GT | w.TRP)
def nested_dirty(t: Trace) -> None:
    tables = t.guest(nested=4, flags=0x65, I=1, HAD=3)
    assert tables.host
    t.boot()
    t.translate(pasid=PASID)
    t.ok(perm="r")
    t.memory_is(tables.host.slot(PAGE), v1_entry(PAGE | 0x4000_0000_0000, 0) | 0x20)
