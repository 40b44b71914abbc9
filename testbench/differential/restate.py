# SPDX-License-Identifier: Apache-2.0
"""The expectations of a trace once more, by the golden model: needed after records were taken out."""
from __future__ import annotations

from pathlib import Path

from golden.events import decode
from golden.memory import BusError
from golden.replay import REQUESTS, Replayer, apply_config, fault_text
from golden.trace import Record, parse
from scenario.builder import Builder

KEYS = {"dma": ("pa", "size", "len"), "ats": ("pa", "perm"), "int": ("vector", "dest", "mode", "type"), "pri": ()}
READS = {"mmio_read", "vf_read", "vfc_read", "pci_read"}


def line_of(record: Record, **changed: str) -> str:
    return " ".join([record.kind, *(f"{key}={value}" for key, value in (record.keys | changed).items())])


class Restater:
    """Plays actions and writes each with what the golden model makes of it."""

    def __init__(self, records: list[Record]) -> None:
        self.replayer = Replayer("restated", records, Path("."), None)
        self.out = ["amdvi-trace 1"]
        self.events = 0
        self.log: list[bytes] | None = None

    def run(self) -> str:
        for record in self.replayer.records:
            if record.kind == "config":
                apply_config(self.replayer.cfg, record)
                self.out.append(line_of(record))
            elif record.kind == "expect_mem":
                self._memory(record)
            elif record.kind in READS:
                self._read(record)
            elif not record.kind.startswith("expect_") and record.kind not in ("ok", "fault"):
                self._action(record)
        return "\n".join(self.out) + "\n"

    def _action(self, record: Record) -> None:
        self.replayer._step(record)
        self.out.append(line_of(record))
        if record.kind in REQUESTS:
            self._result(record)
        self._new_events()

    def _result(self, record: Record) -> None:
        last = self.replayer.last
        assert last is not None
        if last.fault:
            self.out.append(fault_text(last.fault))
            return
        posted = record.kind == "int" and last.addr is None
        values = [] if posted else [(key, getattr(last, key)) for key in KEYS[record.kind]]
        self.out.append(" ".join(["ok", *(f"{key}={value if isinstance(value, str) else hex(value)}"
                                          for key, value in values if value is not None)]))

    def _new_events(self) -> None:
        device = self.replayer.device
        assert device
        if device.evt.records is not self.log:
            self.log, self.events = device.evt.records, 0
        for index in range(self.events, len(self.log)):
            self.out.append(Builder._event_line("host", index, decode(self.log[index]), self.log[index]))
        self.events = len(self.log)

    def _memory(self, record: Record) -> None:
        device = self.replayer.device
        try:
            data = device.memory.read(record.num("addr"), len(record.data())).hex() if device else ""
        except BusError:
            return
        if data:
            self.out.append(line_of(record, data=data))

    def _read(self, record: Record) -> None:
        """With the value of now instead of the one in the trace."""
        device = self.replayer.device
        if device is None:
            return
        where = (record.num("off"), record.num("size"))
        if record.kind in ("vf_read", "vfc_read"):
            value = getattr(device.viommu, record.kind)(record.num("gid"), *where)
        else:
            value = getattr(device, record.kind)(*where)
        self.out.append(line_of(record, value=hex(value & record.num("mask", (1 << 64) - 1))))


def restate(text: str) -> str:
    return Restater(parse(text)).run()
