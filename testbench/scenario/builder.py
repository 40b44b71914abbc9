# SPDX-License-Identifier: Apache-2.0
"""A trace under construction: every record is also done by the golden model, which states the result."""
from __future__ import annotations

from golden.config import Config
from golden.device import Device
from golden.events import Event, decode, decode_ppr
from golden.request import Outcome, Request
from golden.replay import fault_text


def flags_text(flags: frozenset[str]) -> str:
    return "+".join(sorted(flags)) or "0"


class Builder:
    """Lines of one trace and the device that did them."""

    def __init__(self, title: str, seed: int, **config: int | str) -> None:
        self.cfg = Config()
        self.lines = ["amdvi-trace 1", f"# {title}", f"# seed {seed}"]
        self.preset(str(config.pop("preset", "genoa")), {key: int(value) for key, value in config.items()})
        self.device = Device(self.cfg)
        self.events = 0
        self.pprs = 0
        self.guest_events: dict[int, tuple[list[bytes], int]] = {}

    def preset(self, name: str, config: dict[str, int]) -> None:
        config = {"ram": 1 << 52} | config
        self.cfg.preset(name)
        for key, value in config.items():
            setattr(self.cfg, key, value)
        self.emit(f"config preset={name} " + " ".join(f"{key}={value:#x}" for key, value in config.items()))

    def emit(self, line: str) -> None:
        self.lines.append(line)

    def text(self) -> str:
        return "\n".join(self.lines) + "\n"

    # --- state ---

    def mem(self, addr: int, data: bytes) -> None:
        self.device.memory.write(addr, data)
        self.emit(f"mem addr={addr:#x} data={data.hex()}")

    def word(self, addr: int, value: int, size: int = 8) -> None:
        self.mem(addr, value.to_bytes(size, "little"))

    def write(self, off: int, value: int, size: int = 8) -> None:
        before = self.device.evt.records
        self.device.mmio_write(off, size, value)
        if self.device.evt.records is not before:
            self.events = 0
        self.device.run()
        self.emit(f"mmio_write off={off:#x} size={size} value={value:#x}")

    def vf_write(self, gid: int, off: int, value: int) -> None:
        self.device.viommu.vf_write(gid, off, 8, value)
        self.device.run()
        self.emit(f"vf_write gid={gid:#x} off={off:#x} size=8 value={value:#x}")

    def vf_read(self, gid: int, off: int, mask: int = (1 << 64) - 1) -> None:
        value = self.device.viommu.vf_read(gid, off, 8) & mask
        self.emit(f"vf_read gid={gid:#x} off={off:#x} size=8 value={value:#x} mask={mask:#x}")

    def vfc_write(self, gid: int, off: int, value: int) -> None:
        self.device.viommu.vfc_write(gid, off, 8, value)
        self.device.run()
        self.emit(f"vfc_write gid={gid:#x} off={off:#x} size=8 value={value:#x}")

    def read(self, off: int, mask: int | None = None, size: int = 8) -> None:
        value = self.device.mmio_read(off, size)
        tail = f" mask={mask:#x}" if mask is not None else ""
        self.emit(f"mmio_read off={off:#x} size={size} value={value & (mask or (1 << 64) - 1):#x}{tail}")

    def expect_mem(self, addr: int, length: int) -> None:
        self.emit(f"expect_mem addr={addr:#x} data={self.device.memory.read(addr, length).hex()}")

    # --- requests ---

    def dma(self, req: Request) -> Outcome:
        line = f"dma dev={req.dev:#x} addr={req.addr:#x} len={req.length:#x} op={req.op}"
        line += f" pasid={req.pasid:#x}" if req.pasid is not None else ""
        line += " priv=1" if req.priv else ""
        line += " at=translated" if req.translated else ""
        line += f" data={req.data.hex()}" if req.data is not None else ""
        self.emit(line)
        return self.stated(self.device.dma(req), ("pa", "size", "len"))

    def ats(self, req: Request) -> Outcome:
        line = f"ats dev={req.dev:#x} addr={req.addr:#x}"
        line += f" pasid={req.pasid:#x}" if req.pasid is not None else ""
        line += (" exec=1" if req.want_exec else "") + (" priv=1" if req.priv else "")
        self.emit(line)
        return self.stated(self.device.ats(req), ("pa", "perm"))

    def interrupt(self, dev: int, addr: int, data: int) -> Outcome:
        self.emit(f"int dev={dev:#x} addr={addr:#x} data={data:#x}")
        outcome = self.device.interrupt(dev, addr, data)
        posted = outcome.addr is None
        return self.stated(outcome, () if posted else ("vector", "dest", "mode", "type"))

    def page_request(self, dev: int, addr: int, tag: int, pasid: int, names: set[str], last: bool) -> Outcome:
        line = f"pri dev={dev:#x} addr={addr:#x} tag={tag:#x} pasid={pasid:#x}"
        line += "".join(f" {name.lower()}=1" for name in ("R", "W", "X") if name in names)
        line += ("" if "US" in names else " priv=1") + (" last=1" if last else "")
        self.emit(line)
        req = Request(dev, addr, 0, "pri", pasid, "US" not in names)
        return self.stated(self.device.page_request(req, tag, last, frozenset(names | {"GN"})), ())

    def stated(self, outcome: Outcome, keys: tuple[str, ...]) -> Outcome:
        if outcome.fault:
            self.emit(fault_text(outcome.fault))
        else:
            values = [(key, getattr(outcome, key)) for key in keys]
            words = [f"{key}={value if isinstance(value, str) else hex(value)}" for key, value in values
                     if value is not None]
            self.emit(" ".join(["ok", *words]))
        self.new_records()
        return outcome

    # --- logs ---

    def new_records(self) -> None:
        """Expect every record that was logged since the last call."""
        log = self.device.evt.records
        for index in range(self.events, len(log)):
            self.emit(self._event_line("host", index, decode(log[index]), log[index]))
        self.events = len(log)
        self._guest_records()
        pages = self.device.ppr.records
        for index in range(self.pprs, len(pages)):
            entry = decode_ppr(pages[index])
            self.emit(f"expect_ppr log=host index={index} dev={entry.dev:#x} pasid={entry.pasid:#x} "
                      f"addr={entry.addr:#x} tag={entry.tag:#x} flags={flags_text(entry.flags)}")
        self.pprs = len(pages)

    def _guest_records(self) -> None:
        for gid, guest in sorted(self.device.viommu.guests.items()):
            seen, count = self.guest_events.get(gid, (guest.events, 0))
            start = count if seen is guest.events else 0
            for index in range(start, len(guest.events)):
                self.emit(self._event_line(hex(gid), index, decode(guest.events[index]), guest.events[index]))
            self.guest_events[gid] = (guest.events, len(guest.events))

    @staticmethod
    def _event_line(log: str, index: int, event: Event, raw: bytes) -> str:
        head = f"expect_event log={log} index={index}"
        if event.kind == "INVALID_PPR_REQUEST":
            return f"{head} kind={event.kind} dev={event.dev:#x} raw={raw.hex()}"
        who = f"pasid={event.pasid:#x}" if "GN" in event.flags else f"dom={event.dom:#x}"
        return (f"{head} kind={event.kind} dev={event.dev:#x} {who} addr={event.addr:#x} "
                f"flags={flags_text(event.flags)}")
