# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import gc
import weakref

import pytest

import amdvi
from conftest import CONTROL, DEV, DOM, EVENTS, STORE, TABLE, boot, dte, fill, leaf, submit
from amdvi import layout


def test_version_names_the_library():
    assert amdvi.version().count(".") == 2


def test_translation_tells_address_size_and_rights(iommu):
    got = iommu.translate(DEV, 0x1010, 8, "write")
    assert (got.outcome, got.pa, got.size, got.covered, got.perm) == ("ok", 0x55010, 4096, 4096 - 16, "rw")
    assert got.fault is None


def test_fault_tells_event_flags_and_reason(iommu):
    fault = iommu.translate(DEV, 0x2000, 8, "write").fault
    assert (fault.event_name, fault.reply, fault.domain, fault.logged) == ("IO_PAGE_FAULT", "drop", DOM, True)
    assert fault.flag_names == {"RW", "PR", "PE"}
    assert fault.reason_text and "IO_PAGE_FAULT" in str(fault)


def test_data_moves(iommu, memory):
    iommu.dma(DEV, 0x1000, op="write", data=b"hello")
    assert memory.read(0x55000, 5) == b"hello"
    assert iommu.dma(DEV, 0x1000, 5).data == b"hello"


def test_data_that_memory_refuses_is_an_error(iommu, memory):
    memory.write(TABLE + 8, leaf(0x1234_5000))
    with pytest.raises(amdvi.AmdviError) as caught:
        iommu.dma(DEV, 0x1000, 4)
    assert caught.value.status == "MEMORY"


def test_batch_is_a_loop(iommu):
    asked = [amdvi.Request(DEV, 0x1000 * n, 8, op) for n in range(4) for op in ("read", "write", "exec", "atomic")]
    assert iommu.batch(asked) == [iommu.request(request) for request in asked]
    assert iommu.batch([]) == []


def test_ats_and_translated_requests(iommu, memory):
    memory.write(32 * DEV, dte(I=1))
    submit(iommu, memory, 2 << 60 | DEV)
    assert iommu.ats(DEV, 0x1000, no_write=True).perm == "r"
    assert iommu.ats(DEV, 0x1000).pa == 0x55000
    assert iommu.translate(DEV, 0x55000, translated=True).identity


def test_interrupts_pass_and_fault(iommu, memory):
    memory.write(32 * DEV, dte(IV=1, IntCtl=1))
    submit(iommu, memory, 2 << 60 | DEV)
    assert iommu.interrupt(DEV, 0xFEE0_0000, 0x45).vector == 0x45
    fault = iommu.interrupt(0xFFFF, 0xFEE0_0000, 0x45).fault
    assert fault.flag_names == {"I"}


def test_page_request_without_ppr_is_refused(iommu):
    got = iommu.page_request(DEV, 0x1000, 3, pasid=1, read=True, last=True)
    assert not got.ok and got.fault.event_name == "INVALID_PPR_REQUEST"


def test_registers(iommu):
    assert iommu.mmio_size >= 0x4000
    assert iommu.mmio_read(0x18) == CONTROL
    assert iommu.mmio_read(0x18, 4) == CONTROL & 0xFFFF_FFFF
    assert iommu.pci_read(0) & 0xFFFF == 0x1022
    iommu.pci_write(4, 6, 2)
    assert iommu.pci_read(4, 2) == 6


def test_registers_refuse_odd_accesses(iommu):
    for action in (lambda: iommu.mmio_read(1), lambda: iommu.mmio_write(0x18, 0, 3), lambda: iommu.pci_read(0x1000),
                   lambda: iommu.pci_write(1, 0, 4)):
        with pytest.raises(amdvi.AmdviError) as caught:
            action()
        assert caught.value.status == "ACCESS"


def test_guest_registers(iommu):
    iommu.vf_write(1, 0x10, 0x20)
    assert isinstance(iommu.vf_read(1, 0x10), int)
    iommu.vfc_write(1, 0x20, 0)
    assert iommu.vfc_read(1, 0x20) == 0
    assert iommu.log_count("event", 1) == 0
    with amdvi.Device(amdvi.Config("legacy")) as old, pytest.raises(amdvi.AmdviError) as caught:
        old.vf_read(1, 0x10)
    assert caught.value.status == "UNSUPPORTED"


def test_reset_and_advance(iommu):
    iommu.advance(1000)
    iommu.reset()
    assert iommu.mmio_read(0x18) & 1 == 0
    assert iommu.statistics()["requests"] == 0


def test_statistics_by_name(iommu):
    iommu.translate(DEV, 0x1000)
    counted = iommu.statistics()
    assert counted["requests"] == 1 and counted["walks"] == 1
    assert len(counted["events_by_code"]) == 16


def test_observers_hear(iommu, memory):
    heard = []
    iommu.observe(**{name: lambda *what, name=name: heard.append((name, *what))
                     for name in ("access", "request", "interrupt", "command", "event", "mmio")})
    iommu.translate(DEV, 0x9000)
    iommu.interrupt(0xFFFF, 0xFEE0_0000, 1)
    submit(iommu, memory, 1 << 60 | STORE | 1 | 5 << 64)
    kinds = {name for name, *_ in heard}
    assert kinds == {"access", "request", "interrupt", "command", "event", "mmio"}
    event = next(what[0] for name, *what in heard if name == "event")
    assert (event.log, event.logged, event.index, event.guest_id) == ("event", True, 0, None)
    assert layout.of_event(event.record[0] >> 60).name
    command = next(what[0] for name, *what in heard if name == "command")
    assert command.legal and command.words[0] >> 60 == 1
    iommu.observe()
    heard.clear()
    iommu.translate(DEV, 0x1000)
    assert not heard
    assert memory.u64(STORE) == 5


def test_observers_hear_of_hits_guests_and_the_rest(iommu):
    heard = {name: [] for name in ("hit", "guest_mmio", "pci", "page_request")}
    iommu.observe(**{name: lambda *what, name=name: heard[name].append(what) for name in heard})
    iommu.translate(DEV, 0x1000)
    assert not heard["hit"]
    iommu.translate(DEV, 0x1008)
    (hit,), = heard["hit"]
    assert (hit.device, hit.address, hit.domain, hit.pasid) == (DEV, 0x1008, DOM, None)
    assert hit.caches == {"dtc", "ptc"} and hit.result.pa == 0x55008 and hit.message is None
    identity = iommu.pci_read(0, 4)
    assert heard["pci"] == [(False, 0, 4, identity)]
    iommu.page_request(DEV, 0x1000, 7, read=True)
    (asked, answer), = heard["page_request"]
    assert (asked.prg_index, asked.read, asked.write, answer.ok) == (7, True, False, False)
    with amdvi.Device(amdvi.Config("turin"), amdvi.Memory(1 << 20)) as other:
        other.observe(guest_mmio=lambda *what: heard["guest_mmio"].append(what))
        other.vfc_write(3, 0x20, 5)
    assert heard["guest_mmio"] == [(3, True, True, 0x20, 8, 5)]


def test_exceptions_of_observers_come_out(iommu):
    def fail(*_):
        raise KeyError("mine")
    iommu.observe(request=fail)
    with pytest.raises(KeyError, match="mine"):
        iommu.translate(DEV, 0x1000)
    iommu.observe()
    assert iommu.translate(DEV, 0x1000).ok


def test_what_hosts_ask(iommu, memory):
    before = iommu.statistics()
    assert iommu.mappings(DEV) == [amdvi.Mapping(0x1000, 0x1FFF, 0x55000, "rw", False),
                                   amdvi.Mapping(0x2000, 0x2FFF, 0x66000, "r", False)]
    assert iommu.mappings(DEV, 0x2000, 0x2000)[0].spa == 0x66000
    assert iommu.look(amdvi.Request(DEV, 0x1010)).pa == 0x55010
    assert not iommu.look(amdvi.Request(DEV, 0x9000)).ok
    assert iommu.statistics() == before and not iommu.has_work()
    iommu.mmio_write(0x2008, 16)
    assert iommu.has_work()
    with pytest.raises(amdvi.AmdviError) as caught:
        iommu.bus_read(0x5000)
    assert caught.value.status == "UNSUPPORTED"
    iommu.pci_write(0x44, 0xFD00_0001)
    assert iommu.bus_read(0xFD00_0018 | iommu.pci_read(0x48) << 32) == iommu.mmio_read(0x18)
    iommu.bus_write(0xFD00_2008 | iommu.pci_read(0x48) << 32, 32)
    assert iommu.mmio_read(0x2008) == 32


def test_log_count_and_log_in_memory(iommu, memory):
    iommu.translate(DEV, 0x9000)
    assert iommu.log_count() == 1 and iommu.log_count("ppr") == 0
    assert memory.u64(EVENTS) & 0xFFFF == DEV


def test_looking_inside(iommu):
    before = iommu.inspect_dte(DEV)
    iommu.translate(DEV, 0x1000)
    after = iommu.inspect_dte(DEV)
    assert (before.cached, after.cached, after.address) == (False, True, 32 * DEV)
    assert layout.decode("dte", after.words)["DomainID"] == DOM
    line, = iommu.inspect_cache("ptc")
    assert (line.domain, line.target & ~0xFFF, line.size) == (DOM, 0x55000, 4096)
    assert iommu.cache_geometry("dtc").entries > 0
    assert iommu.inspect_dte(0xFFFF).beyond_table
    with pytest.raises(amdvi.FieldError):
        iommu.cache_geometry("l4")


def test_injected_faults(iommu):
    iommu.inject("read:pte:nth=1:data_error")
    assert iommu.translate(DEV, 0x1000).fault.event_name == "PAGE_TAB_HARDWARE_ERROR"
    assert iommu.translate(DEV, 0x1000).ok
    assert iommu.inject_counts()[0][1] == 1
    with pytest.raises(amdvi.AmdviError):
        iommu.inject("nonsense")


def test_atc_and_interrupt_callbacks(memory):
    heard, asked = [], []

    def atc(invalidation):
        asked.append(invalidation)
        return "pending"
    iommu = amdvi.Device(None, memory, on_interrupt=heard.append, on_atc_invalidate=atc)
    memory.write(32 * DEV, dte(I=1))
    boot(iommu, CONTROL | 1 << 3 | 1 << 4)
    submit(iommu, memory, 4 << 60 | DEV | DEV << 32 | 0x1000 << 64, 1 << 60 | STORE | 3 | 1 << 64)
    assert (asked[0].device, asked[0].address, asked[0].size) == (DEV, 0x1000, 4096)
    assert memory.u64(STORE) == 0
    iommu.atc_complete(asked[0].tag)
    iommu.run()
    assert memory.u64(STORE) == 1 and [irq.cause for irq in heard] == ["comwait"]
    with pytest.raises(amdvi.AmdviError):
        iommu.atc_complete(999)


def test_exceptions_of_callbacks_come_out(memory):
    def fail(_):
        raise RuntimeError("mine")
    iommu = amdvi.Device(None, memory, on_interrupt=fail)
    boot(iommu, CONTROL | 1 << 3)
    with pytest.raises(RuntimeError, match="mine"):
        iommu.translate(DEV, 0x9000)
    assert memory.u64(EVENTS)


def test_prg_responses_arrive(memory):
    heard = []
    iommu = amdvi.Device(None, memory, on_prg_response=heard.append)
    boot(iommu)
    submit(iommu, memory, 7 << 60 | DEV | 0x5 << 96)
    assert [(response.device, response.index, response.code) for response in heard] == [(DEV, 5, 0)]


def test_two_devices_do_not_meet():
    devices = [amdvi.Device(amdvi.Config(name), amdvi.Memory(1 << 20)) for name in ("genoa", "rome")]
    for n, iommu in enumerate(devices):
        fill(iommu.memory)
        iommu.memory.write(TABLE + 8, leaf(0x55000 + n * 0x1000))
        boot(iommu)
    assert [iommu.translate(DEV, 0x1000).pa for iommu in devices] == [0x55000, 0x56000]
    assert devices[0].mmio_read(0x30) != devices[1].mmio_read(0x30)


def test_two_devices_share_memory(memory):
    first, second = (amdvi.Device(None, memory) for _ in range(2))
    boot(first)
    boot(second)
    first.dma(DEV, 0x1000, op="write", data=b"x")
    assert second.dma(DEV, 0x1000, 1).data == b"x"


def test_closed_devices_say_so(memory):
    iommu = amdvi.Device(None, memory)
    iommu.close()
    iommu.close()
    with pytest.raises(amdvi.AmdviError, match="closed"):
        iommu.run()


def test_devices_are_freed(memory):
    iommu = amdvi.Device(None, memory)
    hooks = weakref.ref(iommu._hooks)
    del iommu
    gc.collect()
    assert hooks() is None


def test_many_devices_do_not_leak():
    import resource
    def make(count):
        for _ in range(count):
            amdvi.Device(None, amdvi.Memory(1 << 16)).translate(1, 0)
        gc.collect()
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    before = make(20)
    assert make(200) - before < 30_000


def test_numbers_that_do_not_fit_are_refused(iommu):
    with pytest.raises(amdvi.FieldError):
        iommu.translate(0x1_0000, 0)
    with pytest.raises(amdvi.FieldError):
        iommu.translate(DEV, 0, op="scribble")
    with pytest.raises(amdvi.AmdviError):
        iommu.translate(DEV, 0, 0)
