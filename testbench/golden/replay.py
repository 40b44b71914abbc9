# SPDX-License-Identifier: Apache-2.0
"""Replays traces against the golden model: python3 -m golden.replay FILE... [--check]"""
from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Callable

from .config import PRESETS, Config
from .device import Device
from .events import Fault, decode, decode_ppr
from .memory import BusError
from .request import Outcome, Request
from .trace import Record, TraceError, device, load, number

REQUESTS = {"dma", "ats", "pri", "int"}
WRITES = {"mmio_write", "vf_write", "vfc_write", "pci_write"}
CONFIG_NUMBERS = {"efr", "efr2", "ram", "devid", "vf_base", "vfc_base"}


def apply_config(cfg: Config, record: Record) -> None:
    for key, value in record.keys.items():
        if key == "preset":
            if value not in PRESETS:
                raise TraceError(f"line {record.line}: unknown preset {value!r}")
            cfg.preset(value)
        elif key in CONFIG_NUMBERS:
            setattr(cfg, key, (device if key == "devid" else number)(value, record.line))
        elif key == "autorun":
            cfg.autorun = value != "0"
        elif key in ("caches", "timing"):
            cfg.other[key] = value
        elif key not in ("t", "vm", "cpu"):
            raise TraceError(f"line {record.line}: unknown configuration key {key!r}")


def flag_set(text: str) -> frozenset[str]:
    return frozenset() if text == "0" else frozenset(text.split("+"))


class Replayer:
    """One trace."""

    def __init__(self, name: str, records: list[Record], folder: Path, echo: Callable[[str], None] | None = None):
        self.name, self.records, self.folder, self.echo = name, records, folder, echo
        self.cfg = Config()
        self.device: Device | None = None
        self.failures: list[str] = []
        self.checks = 0
        self.last: Outcome | None = None
        self.last_kind = ""

    def run(self) -> list[str]:
        for index, record in enumerate(self.records):
            if record.kind == "config":
                if self.device is not None:
                    raise TraceError(f"line {record.line}: config after the first action")
                apply_config(self.cfg, record)
                continue
            self._step(record)
            if self.echo and record.kind in REQUESTS and not self._has_expectation(index):
                self.echo(self._stated())
        return self.failures

    def _has_expectation(self, index: int) -> bool:
        for record in self.records[index + 1:]:
            if record.kind in ("ok", "fault"):
                return True
            if record.kind in REQUESTS:
                return False
        return False

    def _step(self, record: Record) -> None:
        if self.device is None:
            self.device = Device(self.cfg)
        if self.cfg.autorun and record.kind.startswith("expect_"):
            self.device.run()
        getattr(self, "_do_" + record.kind)(record, self.device)
        if self.cfg.autorun and record.kind in WRITES:
            self.device.run()

    def _fail(self, record: Record, expected: object, got: object) -> None:
        self.failures.append(f"{self.name}:{record.line}: {record.kind}: expected {expected} got {got}")

    def _equal(self, record: Record, what: str, expected: object, got: object) -> None:
        self.checks += 1
        if expected != got:
            self._fail(record, f"{what}={_show(expected)}", f"{what}={_show(got)}")

    # --- memory ---

    def _do_mem(self, r: Record, d: Device) -> None:
        self._memory(r, lambda: d.memory.write(r.num("addr"), r.data()))

    def _do_fill(self, r: Record, d: Device) -> None:
        self._memory(r, lambda: d.memory.fill(r.num("addr"), r.num("len"), r.num("byte")))

    def _do_memfile(self, r: Record, d: Device) -> None:
        if r.flag("zstd"):
            raise TraceError(f"line {r.line}: zstd images are not supported here")
        data = (self.folder / r.keys["file"]).read_bytes()[r.num("offset", 0):]
        self._memory(r, lambda: d.memory.write(r.num("addr"), data[:r.num("len", len(data))]))

    @staticmethod
    def _memory(r: Record, action: Callable[[], None]) -> None:
        try:
            action()
        except BusError as error:
            raise TraceError(f"line {r.line}: {error}") from None

    # --- registers ---

    def _value(self, r: Record, got: int) -> None:
        if not r.has("value"):
            return
        mask = r.num("mask", (1 << 64) - 1)
        self._equal(r, "value", r.num("value") & mask, got & mask)

    def _do_mmio_write(self, r: Record, d: Device) -> None:
        d.mmio_write(r.num("off"), r.num("size"), r.num("value"))

    def _do_mmio_read(self, r: Record, d: Device) -> None:
        self._value(r, d.mmio_read(r.num("off"), r.num("size")))

    def _do_pci_write(self, r: Record, d: Device) -> None:
        d.pci_write(r.num("off"), r.num("size"), r.num("value"))

    def _do_pci_read(self, r: Record, d: Device) -> None:
        self._value(r, d.pci_read(r.num("off"), r.num("size")))

    def _do_vf_write(self, r: Record, d: Device) -> None:
        d.viommu.vf_write(r.num("gid"), r.num("off"), r.num("size"), r.num("value"))

    def _do_vf_read(self, r: Record, d: Device) -> None:
        self._value(r, d.viommu.vf_read(r.num("gid"), r.num("off"), r.num("size")))

    def _do_vfc_write(self, r: Record, d: Device) -> None:
        d.viommu.vfc_write(r.num("gid"), r.num("off"), r.num("size"), r.num("value"))

    def _do_vfc_read(self, r: Record, d: Device) -> None:
        self._value(r, d.viommu.vfc_read(r.num("gid"), r.num("off"), r.num("size")))

    def _do_run(self, r: Record, d: Device) -> None:
        d.run()

    def _do_reset(self, r: Record, d: Device) -> None:
        """Memory stays, and so does what reached processors and devices."""
        self.device = Device(self.cfg, d.memory)
        self.device.irqs, self.device.prgs, self.device.atc = d.irqs, d.prgs, d.atc

    # --- requests ---

    def _do_dma(self, r: Record, d: Device) -> None:
        op, at = r.keys["op"], r.keys.get("at", "untranslated")
        if op not in ("read", "write", "exec", "atomic") or at not in ("untranslated", "translated"):
            raise TraceError(f"line {r.line}: bad op or at")
        data = r.data() if r.has("data") else None
        req = Request(r.num("dev"), r.num("addr"), r.num("len"), op, r.opt("pasid"), r.flag("priv"),
                      at == "translated", data=data)
        self.last, self.last_kind = d.dma(req), "dma"

    def _do_ats(self, r: Record, d: Device) -> None:
        req = Request(r.num("dev"), r.num("addr"), r.num("len", 4096), "ats", r.opt("pasid"), r.flag("priv"),
                      no_write=r.flag("nw"), want_exec=r.flag("exec"))
        self.last, self.last_kind = d.ats(req), "ats"

    def _do_pri(self, r: Record, d: Device) -> None:
        """Rule 10: US only for a user request with a PASID."""
        names = {name.upper() for name in ("r", "w", "x") if r.flag(name)}
        if r.has("pasid"):
            names |= {"GN"} | (set() if r.flag("priv") else {"US"})
        req = Request(r.num("dev"), r.num("addr"), 0, "pri", r.opt("pasid"), r.flag("priv"))
        self.last = d.page_request(req, r.num("tag"), r.flag("last"), frozenset(names))
        self.last_kind = "pri"

    def _do_int(self, r: Record, d: Device) -> None:
        self.last, self.last_kind = d.interrupt(r.num("dev"), r.num("addr"), r.num("data")), "int"

    # --- expectations about the request above ---

    def _do_ok(self, r: Record, d: Device) -> None:
        if self.last is None:
            raise TraceError(f"line {r.line}: ok without a request")
        self.checks += 1
        if self.last.fault:
            self._fail(r, "ok", self._stated())
            return
        for key in ("pa", "len", "size", "addr", "vector", "dest", "mode", "type"):
            if r.has(key) and not (key in ("len", "size") and self.last.size is None):
                self._equal(r, key, r.num(key), getattr(self.last, key))
        if r.has("perm"):
            self._equal(r, "perm", r.keys["perm"], self.last.perm)
        if r.has("data"):
            expected = r.data() if self.last_kind == "dma" else r.num("data")
            self._equal(r, "data", expected, self.last.data)

    def _do_fault(self, r: Record, d: Device) -> None:
        if self.last is None:
            raise TraceError(f"line {r.line}: fault without a request")
        self.checks += 1
        fault = self.last.fault
        if fault is None:
            self._fail(r, "fault", self._stated())
            return
        if r.has("kind"):
            self._equal(r, "kind", r.keys["kind"], fault.kind)
        if r.has("reply"):
            self._equal(r, "reply", r.keys["reply"], fault.reply)
        if r.has("flags"):
            self._equal(r, "flags", flag_set(r.keys["flags"]), fault.names)

    def _stated(self) -> str:
        """The record that would check the last request."""
        assert self.last is not None
        fault = self.last.fault
        if fault is None:
            return " ".join(["ok"] + [f"{key}={_show(value)}" for key, value in vars(self.last).items()
                                      if value is not None])
        return fault_text(fault)

    # --- expectations about state ---

    def _do_expect_mem(self, r: Record, d: Device) -> None:
        try:
            got: object = d.memory.read(r.num("addr"), len(r.data()))
        except BusError as error:
            got = str(error)
        self._equal(r, "data", r.data(), got)

    def _log(self, r: Record, d: Device, name: str) -> list[bytes]:
        if r.keys["log"] == "host":
            return {"event": d.evt, "ppr": d.ppr, "ga": d.ga}[name].records
        guest = d.viommu.guests[r.num("log")]
        return {"event": guest.events, "ppr": guest.pprs, "ga": []}[name]

    def _record(self, r: Record, log: list[bytes]) -> bytes | None:
        self.checks += 1
        index = r.num("index")
        if index >= len(log):
            self._fail(r, f"record {index}", f"{len(log)} records")
            return None
        return log[index]

    def _do_expect_event(self, r: Record, d: Device) -> None:
        raw = self._record(r, self._log(r, d, "event"))
        if raw is None:
            return
        if r.has("raw"):
            self._equal(r, "raw", r.data("raw"), raw)
        event = decode(raw)
        if r.has("kind"):
            self._equal(r, "kind", r.keys["kind"], event.kind)
        for key in ("dev", "dom", "pasid", "addr"):
            if r.has(key):
                self._equal(r, key, r.num(key), getattr(event, key))
        if r.has("flags"):
            self._equal(r, "flags", flag_set(r.keys["flags"]), event.flags)

    def _do_expect_ppr(self, r: Record, d: Device) -> None:
        raw = self._record(r, self._log(r, d, "ppr"))
        if raw is None:
            return
        entry = decode_ppr(raw)
        for key in ("dev", "pasid", "addr", "tag"):
            if r.has(key):
                self._equal(r, key, r.num(key), getattr(entry, key))
        if r.has("flags"):
            self._equal(r, "flags", flag_set(r.keys["flags"]), entry.flags)

    def _do_expect_ga(self, r: Record, d: Device) -> None:
        raw = self._record(r, d.ga.records)
        if raw is None:
            return
        if r.has("tag"):
            self._equal(r, "tag", r.num("tag"), int.from_bytes(raw[0:4], "little"))
        if r.has("dev"):
            self._equal(r, "dev", r.num("dev"), int.from_bytes(raw[4:6], "little"))

    def _do_expect_count(self, r: Record, d: Device) -> None:
        for name in ("event", "ppr", "ga"):
            if r.has(name):
                self._equal(r, name, r.num(name), len(self._log(r, d, name)))

    def _do_expect_prg(self, r: Record, d: Device) -> None:
        self.checks += 1
        wanted = (r.num("index"), r.num("code"), r.opt("pasid"))
        arrived = d.prgs[r.num("dev")]
        if wanted in arrived:
            arrived.remove(wanted)
        else:
            self._fail(r, wanted, arrived)

    def _do_expect_irq(self, r: Record, d: Device) -> None:
        raised = d.irqs.pop((r.keys["kind"], r.opt("gid")), [])
        if r.has("count"):
            self._equal(r, "count", r.num("count"), len(raised))
        else:
            self._equal(r, "raised", True, bool(raised))
        if r.has("vector") and raised:
            self._equal(r, "vector", True, r.num("vector") in raised)

    def _do_expect_atc_inv(self, r: Record, d: Device) -> None:
        self.checks += 1
        wanted = (r.num("dev"), r.num("addr"), r.num("size"), r.opt("pasid"))
        if wanted in d.atc:
            d.atc.remove(wanted)
        else:
            self._fail(r, wanted, d.atc)


def fault_text(fault: Fault) -> str:
    out = ["fault"] + ([f"kind={fault.kind}"] if fault.kind else [])
    out.append(f"reply={fault.reply}")
    if fault.kind:
        out.append("flags=" + ("+".join(sorted(fault.names)) or "0"))
    return " ".join(out)


def _show(value: object) -> str:
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int):
        return hex(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, frozenset):
        return "+".join(sorted(value)) or "0"
    return str(value)


def replay_file(path: Path, echo: Callable[[str], None] | None = None) -> tuple[list[str], int]:
    """(failed checks, number of checks)."""
    replayer = Replayer(str(path), load(path), path.parent, echo)
    failures = replayer.run()
    return failures, replayer.checks


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="golden.replay", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--check", action="store_true", help="print the result of requests that state none")
    parser.add_argument("--quiet", action="store_true", help="only the summary")
    args = parser.parse_args(argv)
    failed = checks = 0
    for path in args.files:
        try:
            failures, count = replay_file(path, print if args.check else None)
        except TraceError as error:
            print(f"{path}: {error}", file=sys.stderr)
            return 2
        checks += count
        failed += bool(failures)
        if not args.quiet:
            print(*failures, sep="\n", end="\n" if failures else "")
    print(f"{len(args.files) - failed} of {len(args.files)} files hold, {checks} checks")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
