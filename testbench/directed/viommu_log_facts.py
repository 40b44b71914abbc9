# SPDX-License-Identifier: Apache-2.0
"""Guest event and PPR logs and their interrupts (viommu.md 8)."""
from __future__ import annotations

from golden.layout import IPA_PPR
from scenario import world as w

from .viommu_setup_facts import vector
from .viommu_world import (BOTH, CMD_RUN, EARLY, EN, EVENTS_B, EVENT_B_BASE, EVT_ACTIVE, EVT_B_HEAD, EVT_B_TAIL,
                           EVT_HEAD, EVT_INT, EVT_RUN, EVT_TAIL, GPA, GUEST_FAULT, IOVA, IPA_EVENT_B, IRQ, LEN,
                           OVERFLOW, OVERFLOW_B, PASID, PPRS_B, PPR_ACTIVE, PPR_B_BASE, PPR_B_TAIL, PPR_EN, PPR_HEAD,
                           PPR_INT, PPR_TAIL, PRIVATE, STATUS, Machine, record, vfact)

REFUSED = "INVALID_PPR_REQUEST"
LOG = PPR_EN | EN | LEN
PPR = w.PPR
B_ONLY, SWAP = 1, 2


def both_event_logs(m: Machine, dual: int) -> int:
    """Control bits of event logs A and B, with B's page where the mode wants it."""
    if m.mode == PRIVATE:
        m.private_page(IPA_EVENT_B + m.g.gid * (1 << 19), m.g.events_b)
    return EN | dual << 10 | LEN << 4 | LEN


# --- 8.1 ---

def guest_stage(name: str, text: str, flags: str, prepare: int | None, op: str = "read", pasid: int = PASID) -> None:
    def build(m: Machine) -> None:
        if prepare is not None:
            m.g.page(flags=prepare)
        m.boot()
        m.g.start()
        m.g.dma(op=op, pasid=pasid)
        m.fault(GUEST_FAULT, flags)
        m.g.event(0, GUEST_FAULT, dev=m.g.gdev, pasid=pasid, addr=IOVA, flags=flags)
        m.count(event=0)
    build.__name__ = f"guest_stage_{name}"
    vfact("8.1", f"{text}: the guest's event log", modes=BOTH if name == "not_present" else (GPA,))(build)


guest_stage("not_present", "no page in the guest's table", "GN", None)
guest_stage("permission", "a write to a page that the guest's table makes read-only", "GN+PR+RW+PE", 0x65, "write")
guest_stage("nx", "execution of a page that the guest's table marks NX", "GN+PR+PE+NX", 0x67 | 1 << 63, "exec")


@vfact("8.1", "host stage of a guest's device: the host's event log, with the GPA")
def host_stage(m: Machine) -> None:
    gpa = m.g.page()[0]
    m.g.host.put(gpa, 0)
    m.boot()
    m.g.start()
    m.g.dma(IOVA | 8)
    m.fault(GUEST_FAULT, "0")
    m.event(0, GUEST_FAULT, dev=m.g.hdev, dom=m.g.hdom, addr=gpa | 8, flags="0")
    m.g.count(event=0)


@vfact("8.1", "a guest table in a page that stage 2 does not map is the host's fault")
def guest_table_not_mapped(m: Machine) -> None:
    m.g.device(gcr3=0x7F00_0000)
    m.boot()
    m.g.start()
    m.g.dma()
    m.fault(GUEST_FAULT, "0")
    m.event(0, GUEST_FAULT, dev=m.g.hdev, addr=0x7F00_0008)
    m.g.count(event=0)


@vfact("8.1", "an illegal entry of a guest's device is the host's affair")
def illegal_entry(m: Machine) -> None:
    m.g.device(GLX=3)
    m.boot()
    m.g.start()
    m.g.dma()
    m.fault("ILLEGAL_DEV_TABLE_ENTRY", "GN")
    m.event(0, "ILLEGAL_DEV_TABLE_ENTRY", dev=m.g.hdev)
    m.g.count(event=0)


@vfact("8.1", "SA=1 suppresses the guest's record like the host's")
def suppressed(m: Machine) -> None:
    m.g.device(SA=1)
    m.boot()
    m.g.start()
    m.g.miss()
    m.g.count(event=0)
    m.g.vf_is(EVT_TAIL, 0)


@vfact("8.1", "a page request goes to the guest's PPR log, with the guest's DeviceID", modes=BOTH, control=PPR)
def page_request(m: Machine) -> None:
    m.boot()
    m.g.start(pprs=LOG)
    m.g.pri(3)
    m.ok()
    m.g.ppr(0, dev=m.g.gdev, pasid=PASID, addr=0x5000, tag=3, flags="R+US+GN+LAST")
    m.g.vf_is(PPR_TAIL, 0x10)
    m.count(ppr=0)


@vfact("8.1", "the host's PPREn and PPR log do not matter for a guest's device", "8.1, 9.2")
def page_request_without_host(m: Machine) -> None:
    m.boot()
    m.reads(0x18, 0, PPR | w.PPR_LOG)
    m.g.start(pprs=LOG)
    m.g.pri(3)
    m.ok()
    m.g.count(ppr=1)


@vfact("8.1", "the guest's PPREn is off: INVALID_PPR_REQUEST in the guest's event log", "8.1, 9.2", modes=BOTH,
       control=PPR)
def page_request_refused(m: Machine) -> None:
    m.boot()
    m.g.start(pprs=EN | LEN)
    m.g.pri(3)
    m.fault(REFUSED)
    m.g.event(0, REFUSED, dev=m.g.gdev)
    m.g.count(ppr=0)
    m.count(event=0)


@vfact("8.1", "page requests of two guests go to a log each", guests=(1, 2), control=PPR)
def page_requests_of_two_guests(m: Machine) -> None:
    m.boot()
    for guest in m.guests:
        guest.start(pprs=LOG)
    for guest in m.guests:
        guest.pri(guest.gid)
        m.ok()
    for guest in m.guests:
        guest.ppr(0, dev=guest.gdev, tag=guest.gid)
        guest.count(ppr=1)


# --- 8.2 ---

@vfact("8.2", "an event record has the guest's DeviceID, PASID and GVA", modes=BOTH)
def event_record(m: Machine) -> None:
    m.boot()
    m.g.start()
    m.note("PASID 12345h: [47:32] and [19:16]")
    m.g.dma(0x6008, pasid=0x1_2345)
    m.fault(GUEST_FAULT, "GN")
    m.g.event(0, raw=record(m.g.gdev | 1 << 16 | 0x2345 << 32 | 1 << 48 | 2 << 60, 0x6008))
    m.memory(m.g.events, m.g.gdev | 1 << 16 | 0x2345 << 32 | 1 << 48 | 2 << 60, 0x6008)


@vfact("8.2", "the event tail moves by 16 and wraps; the record lies at base + tail", modes=BOTH)
def event_tail_wraps(m: Machine) -> None:
    m.boot()
    m.g.vf(EVT_HEAD, 0xFF0)
    m.g.vf(EVT_TAIL, 0xFF0)
    m.g.start()
    m.g.miss()
    m.g.vf_is(EVT_TAIL, 0)
    m.memory(m.g.events + 0xFF8, 0x6000)
    m.g.miss(0x8000)
    m.g.vf_is(EVT_TAIL, 0x10)
    m.memory(m.g.events + 8, 0x8000)


@vfact("8.2", "logs of two guests with the same fault: each has its own record", guests=(1, 2), modes=BOTH)
def events_of_two_guests(m: Machine) -> None:
    m.boot()
    for guest in m.guests:
        guest.start()
    m.guests[0].miss(0x6000)
    m.guests[1].miss(0x8000)
    m.guests[0].event(0, addr=0x6000)
    m.guests[1].event(0, addr=0x8000)
    for guest in m.guests:
        guest.count(event=1)


# --- 8.3 ---

@vfact("8.3", "IO_PAGE_FAULT of TransDevID: vPtr is bit 30, vCmd bit 31 of the first word", "8.3, 11 #18")
def flags_of_a_store(m: Machine) -> None:
    m.boot()
    m.g.start()
    m.g.submit(1 << 60 | 0x7F00_0000 | 1)
    m.event(0, raw=record(m.g.trans | 3 << 30 | m.g.trans_dom << 32 | 0x20 << 48 | 2 << 60, 0x7F00_0000))


@vfact("8.3", "VIOMMU_HARDWARE_ERROR: code Ch, GuestID in the first word, the private address", without=("maps",),
       guests=(0x1234,), config="viommu.map_fault=log")
def hardware_error_record(m: Machine) -> None:
    m.boot()
    m.g.map_device()
    m.event(0, raw=record(0x1234 | 0xC << 60, 0x10_0000_0000 + (0x1234 << 20) + 16 * m.g.gdev))


@vfact("8.3", "GUEST_EVENT_FAULT: code Bh, vEvent, GuestID in the second word", guests=(0x1234,))
def event_fault_record(m: Machine) -> None:
    m.boot()
    m.g.start(events=0)
    m.g.vfc(0x28, 0x7F00_0000 | EN | LEN)
    m.g.miss()
    m.event(0, raw=record(1 << 29 | 0x1234 << 32 | 0xB << 60, 0x7F00_0000))


@vfact("8.3", "a PPR log that cannot be reached: GUEST_EVENT_FAULT with vEvent, too", "8.3, 11 #19", control=PPR)
def ppr_log_not_reached(m: Machine) -> None:
    m.boot()
    m.g.start()
    m.g.vfc(0x30, 0x7F00_0000 << 4 | LOG)
    m.g.pri(3)
    m.fault()
    m.event(0, "GUEST_EVENT_FAULT", flags="vEvent")
    m.count(event=1)
    m.g.vf_is(PPR_TAIL, 0)


@vfact("8.3", "a PPR log by private address that is not mapped: GUEST_EVENT_FAULT with vEvent", "8.3, 11 #19",
       modes=(PRIVATE,), control=PPR)
def ppr_log_not_mapped(m: Machine) -> None:
    assert m.own_table
    m.own_table.put(IPA_PPR + (1 << 19), 0)
    m.boot()
    m.g.start(pprs=LOG)
    m.g.pri(3)
    m.fault()
    m.event(0, "GUEST_EVENT_FAULT", flags="vEvent")
    m.count(event=1)


def unwritable(value: str, text: str, guest: bool, host: bool) -> None:
    """A guest's log that cannot be reached, then one of the host outside ram."""
    def build(m: Machine) -> None:
        m.boot()
        m.g.start(events=0)
        m.g.vfc(0x28, 0x7F00_0000 | EN | LEN)
        m.g.miss()
        m.event(0, "GUEST_EVENT_FAULT", flags="vEvent")
        m.g.vf_is(STATUS, OVERFLOW if guest else EVT_RUN, OVERFLOW | EVT_RUN)
        m.note("the host's log moves outside ram; a store of the guest fails")
        m.set_control(off=1 << 2)
        m.write(0x10, 0x9000_0000 | LEN << 56)
        m.set_control(1 << 2)
        m.g.submit(1 << 60 | 0x7F00_0000 | 1)
        m.reads(0x2020, 1 if host else 8, 9)
    build.__name__ = f"unwritable_{value}" if value else "unwritable"
    vfact("8.2", f"a record that cannot be written: {text}", "8.2, 11 #19, #22; iommu.md 7.1",
          config="ram=0x80000000" + (f" log.unwritable={value}" if value else ""))(build)


unwritable("", "a guest's log runs on, and the host hears of it; the host's overflows", False, True)
unwritable("both", "by choice a guest's log overflows, too", True, True)
unwritable("none", "by choice no log overflows", False, False)


# --- 8.4 ---

@vfact("8.4", "INSERT_GUEST_EVENT from a guest is illegal: it is the host's command", "8.4, 7.1")
def insert_by_a_guest(m: Machine) -> None:
    m.boot()
    m.g.start()
    m.g.submit(9 << 60 | 1 << 32)
    m.g.event(0, "ILLEGAL_COMMAND_ERROR", addr=0x5000_0000)


# --- 8.5 ---

@vfact("8.5", "event log: Int status, and with IntEn an interrupt of that guest, none of the host", modes=BOTH)
def event_interrupt(m: Machine) -> None:
    m.boot()
    m.g.start(events=EN | IRQ | LEN)
    m.g.miss()
    m.g.vf_is(STATUS, EVT_INT, EVT_INT)
    m.irq("event", 1, 1)
    m.irq("event", 0)


@vfact("8.5", "PPR log: Int status, and with IntEn an interrupt of that guest", modes=BOTH, control=PPR)
def ppr_interrupt(m: Machine) -> None:
    m.boot()
    m.g.start(pprs=LOG | IRQ)
    m.g.pri(3)
    m.ok()
    m.g.vf_is(STATUS, PPR_INT, PPR_INT)
    m.irq("ppr", 1, 1)


@vfact("8.5", "IsRun=0 and GALogIntr=1: an entry of the GA log with the GATag, and the IRR bit", control=w.GA_LOG)
def vcpu_not_running(m: Machine) -> None:
    vcpu = vector(m, 0, 1, 0x41, flags=1 << 2 | 0xCAFE << 32)
    m.boot()
    m.g.start(events=EN | IRQ | LEN)
    m.g.miss()
    m.memory(vcpu + 0x220, 1 << 1, size=4)
    m.b.emit("expect_ga index=0 tag=0xcafe")


@vfact("8.5", "IsRun=1: no entry of the GA log", control=w.GA_LOG)
def vcpu_running(m: Machine) -> None:
    vcpu = vector(m, 0, 1, 0x41, flags=1 << 6 | 1 << 2 | 0xCAFE << 32)
    m.boot()
    m.g.start(events=EN | IRQ | LEN)
    m.g.miss()
    m.memory(vcpu + 0x220, 1 << 1, size=4)
    m.count(ga=0)


@vfact("8.5", "two guests have vectors of their own", guests=(1, 2))
def vectors_of_two_guests(m: Machine) -> None:
    level2 = m.page()
    vector(m, 0, 1, 0x65, level2=level2)
    vector(m, 0, 2, 0x66, level2=level2)
    m.boot()
    for guest in m.guests:
        guest.start(events=EN | IRQ | LEN)
    m.guests[1].miss()
    m.irq("event", 0, 1)
    m.irq("event", 1, 2, 0x66)


# --- logs B, early indicator (3, 4.1) ---

@vfact("4.1", "DualEventLogEn=1: log B only, EventLogActive=1", modes=BOTH)
def event_log_b_only(m: Machine) -> None:
    control = both_event_logs(m, B_ONLY)
    m.boot()
    m.g.vfc(EVENT_B_BASE, m.g.base(EVENTS_B))
    m.g.start(events=control)
    m.g.miss()
    m.g.vf_is(EVT_TAIL, 0)
    m.g.vf_is(EVT_B_TAIL, 0x10)
    m.g.vf_is(STATUS, EVT_ACTIVE | CMD_RUN | EVT_RUN | EVT_INT)


@vfact("4.1", "DualEventLogEn=2: a full log A hands over to B", modes=BOTH)
def event_logs_swap(m: Machine) -> None:
    control = both_event_logs(m, SWAP)
    m.boot()
    m.g.vfc(EVENT_B_BASE, m.g.base(EVENTS_B))
    m.note("a head one after the tail makes A full")
    m.g.vf(EVT_HEAD, 0x10)
    m.g.start(events=control)
    m.g.miss()
    m.g.vf_is(EVT_B_TAIL, 0x10)
    m.g.vf_is(STATUS, EVT_ACTIVE | CMD_RUN | EVT_RUN | EVT_INT | OVERFLOW)


@vfact("4.1", "swap returns to log A when B is full and software has emptied A and cleared its overflow", modes=BOTH)
def event_logs_swap_back(m: Machine) -> None:
    control = both_event_logs(m, SWAP)
    m.boot()
    m.g.vfc(EVENT_B_BASE, m.g.base(EVENTS_B))
    m.note("A is full at once; B after one record")
    m.g.vf(EVT_HEAD, 0x10)
    m.g.vf(EVT_B_HEAD, 0x20)
    m.g.start(events=control)
    m.g.miss()
    m.g.vf_is(EVT_B_TAIL, 0x10)
    m.g.vf(EVT_HEAD, 0)
    m.g.vf(STATUS, OVERFLOW)
    m.g.miss(0x8000)
    m.g.vf_is(EVT_TAIL, 0x10)
    m.g.vf_is(STATUS, CMD_RUN | EVT_RUN | EVT_INT | OVERFLOW_B)
    m.memory(m.g.events + 8, 0x8000)


@vfact("3", "DualEventLogEn changed while the log runs counts for the next record", modes=BOTH)
def event_dual_mode_changes(m: Machine) -> None:
    control = both_event_logs(m, B_ONLY)
    m.boot()
    m.g.start()
    m.g.miss()
    m.g.vf_is(EVT_TAIL, 0x10)
    m.g.vfc(EVENT_B_BASE, m.g.base(EVENTS_B))
    m.g.event_control(control)
    m.g.miss()
    m.g.vf_is(EVT_B_TAIL, 0x10)
    m.g.event_control()
    m.g.miss()
    m.g.vf_is(EVT_TAIL, 0x20)


@vfact("3", "DualPprLogEn changed while the log runs counts for the next request", control=PPR)
def ppr_dual_mode_changes(m: Machine) -> None:
    m.boot()
    m.g.vfc(PPR_B_BASE, PPRS_B)
    m.g.start(pprs=LOG | LEN << 4)
    m.g.pri(1)
    m.ok()
    m.g.ppr_control(LOG | LEN << 4 | B_ONLY << 11)
    m.g.pri(2)
    m.ok()
    m.g.vf_is(PPR_TAIL, 0x10)
    m.g.vf_is(PPR_B_TAIL, 0x10)
    m.g.vf_is(STATUS, PPR_ACTIVE, PPR_ACTIVE)


@vfact("4.1", "early indicator of guest PPR log A: VF 88h has the threshold, enable in bit 31, interrupt in bit 30",
       control=PPR)
def early_indicator_a(m: Machine) -> None:
    m.boot()
    m.g.start(pprs=LOG)
    m.g.vf(0x88, 1 << 31 | 1 << 30 | 2)
    m.g.pri(1)
    m.ok()
    m.g.vf_is(STATUS, 0, EARLY)
    m.irq("ppr", 0, 1)
    m.g.pri(2)
    m.ok()
    m.g.vf_is(STATUS, EARLY, EARLY)
    m.irq("ppr", 1, 1)


@vfact("4.1", "early indicator of guest PPR log B: VF 90h, status bit 17", control=PPR)
def early_indicator_b(m: Machine) -> None:
    m.boot()
    m.g.vfc(PPR_B_BASE, PPRS_B)
    m.g.start(pprs=LOG | LEN << 4 | B_ONLY << 11)
    m.g.vf(0x90, 1 << 31 | 2)
    m.g.pri(1)
    m.ok()
    m.g.vf_is(STATUS, 0, 1 << 17)
    m.g.pri(2)
    m.ok()
    m.g.vf_is(STATUS, 1 << 17, 1 << 17)


def automatic(name: str, text: str, bits: int, full: bool) -> None:
    def build(m: Machine) -> None:
        m.boot()
        if full:
            m.note("a head one after the tail makes the log full")
            m.g.vf(PPR_HEAD, 0x10)
        m.g.start(pprs=LOG | bits)
        m.g.vf(0x80, 0xF)
        m.g.pri(9)
        m.fault() if full else m.ok()
        m.b.emit(f"expect_prg dev={m.g.hdev:#x} index=9 code=0xf")
    build.__name__ = f"auto_response_{name}"
    vfact("4.1", f"guest PPR auto-response, code in VF 80h: {text}", "3, 4.1", control=PPR)(build)


automatic("enabled", "PprAutoRspEn answers a group that a full log loses", 1 << 13, True)
automatic("always_on", "PprAutoRspAon answers every group", 1 << 15, False)
