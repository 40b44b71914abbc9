# SPDX-License-Identifier: Apache-2.0
"""Makes a run that ends in a difference small, and writes it down as a trace.

An edit goes or stays with its invalidations, so whatever is taken out, software keeps to the rules.
"""
from __future__ import annotations

import time
from dataclasses import replace

from golden.events import Fault
from golden.replay import fault_text
from golden.request import Outcome

from .machine import SIZE, Action, Ask, Difference, Interrupt, Machine, Page, Setting, play
from .reference import Asked


def singles(actions: list[Action]) -> list[Action]:
    """Each request by itself."""
    out: list[Action] = []
    for action in actions:
        many = isinstance(action, Ask) and len(action.requests) > 1
        out += [Ask((asked,)) for asked in action.requests] if many else [action]  # type: ignore[union-attr]
    return out


def cut(actions: list[Action], found: tuple[int, str]) -> list[Action]:
    return actions[:found[0] + 1]


def shrink(setting: Setting, actions: list[Action], seconds: float) -> list[Action]:
    deadline = time.monotonic() + seconds
    alone = singles(actions)
    if found := play(setting, alone):
        actions = cut(alone, found)
    size = max(len(actions) // 2, 1)
    while size and time.monotonic() < deadline:
        fewer = one_pass(setting, actions, size, deadline)
        size = size if len(fewer) < len(actions) and size > 1 else size // 2
        actions = fewer
    return actions


def one_pass(setting: Setting, actions: list[Action], size: int, deadline: float) -> list[Action]:
    at = 0
    while at < len(actions) and time.monotonic() < deadline:
        fewer = actions[:at] + actions[at + size:]
        found = play(setting, fewer)
        if found is None:
            at += size
        else:
            actions = cut(fewer, found)
    return actions


# --- as a trace ---

class Writer(Machine):
    """Writes what is done, with what the golden model says to it."""

    def __init__(self, setting: Setting) -> None:
        settings = " ".join(f"{key}={value}" for key, value in setting.config.items())
        self.lines = ["amdvi-trace 1", f"config preset={setting.preset} ram={SIZE:#x} {settings}".rstrip()]
        super().__init__(setting)

    def store(self, where: int, data: bytes) -> None:
        self.lines.append(f"mem addr={where:#x} data={data.hex()}")
        super().store(where, data)

    def mmio(self, off: int, value: int) -> None:
        self.lines.append(f"mmio_write off={off:#x} size=8 value={value:#x}")
        super().mmio(off, value)

    def _ask(self, ask: Ask) -> None:
        for asked in ask.requests:
            outcome = self.quietly(replace(ask, requests=(asked,)))
            self.lines += [request_line(asked), answer_line(outcome)]
        self.check()

    def quietly(self, ask: Ask) -> Outcome:
        answers: list[Outcome] = []
        plain = self.golden.ask

        def overheard(asked: Asked) -> Outcome:
            answers.append(plain(asked))
            return answers[-1]

        self.golden.ask = overheard  # type: ignore[method-assign]
        try:
            super()._ask(ask)
        except Difference as difference:
            self.lines.append(f"# {difference}")
        finally:
            self.golden.ask = plain  # type: ignore[method-assign]
        return answers[0]

    def _interrupt(self, it: Interrupt) -> None:
        self.lines.append(f"int dev={it.dev:#x} addr={it.addr:#x} data={it.data:#x}")
        super()._interrupt(it)

    def _page(self, page: Page) -> None:
        self.lines.append(page_line(page))
        super()._page(page)

    def check(self) -> None:
        """What the golden model left where the device left something else."""
        one, other = self.golden.memory.data, self.memory.data  # type: ignore[attr-defined]
        for at in range(0, len(one), 4096):
            if one[at:at + 4096] != other[at:at + 4096]:
                self.lines += [f"expect_mem addr={word:#x} data={one[word:word + 8].hex()}"
                               for word in range(at, at + 4096, 8) if one[word:word + 8] != other[word:word + 8]]


def request_line(asked: Asked) -> str:
    who = f"dev={asked.dev:#x} addr={asked.addr:#x} len={asked.length}"
    tail = f" pasid={asked.pasid:#x}" if asked.pasid is not None else ""
    tail += " priv=1" if asked.priv else ""
    if asked.ats:
        return f"ats {who}{tail}" + (" nw=1" if asked.no_write else "") + (" exec=1" if asked.want_exec else "")
    return f"dma {who} op={asked.op}{tail}" + (" at=translated" if asked.translated else "")


def page_line(page: Page) -> str:
    asked = page.request
    rights = "".join(f" {name.lower()}=1" for name in ("R", "W", "X") if name in page.names)
    tail = (" priv=1" if asked.priv else "") + (" last=1" if page.last else "")
    return f"pri dev={asked.dev:#x} addr={asked.addr:#x} tag={page.tag:#x} pasid={asked.pasid:#x}{rights}{tail}"


def answer_line(outcome: Outcome) -> str:
    if isinstance(outcome.fault, Fault):
        return fault_text(outcome.fault)
    if outcome.perm == "-":
        return "ok perm=-"
    values = ((key, getattr(outcome, key)) for key in ("pa", "size", "len", "perm"))
    return " ".join(["ok", *(f"{key}={value if isinstance(value, str) else hex(value)}" for key, value in values
                             if value is not None)])


def as_trace(setting: Setting, actions: list[Action], title: str) -> str:
    writer = Writer(touched(setting, actions))
    try:
        for action in actions:
            writer.do(action)
    except Difference as difference:
        writer.lines.append(f"# {difference}")
        writer.check()
    finally:
        writer.close()
    lines = writer.lines[:1] + [f"# {title}"] + writer.lines[1:]
    return "\n".join(lines) + "\n"


def touched(setting: Setting, actions: list[Action]) -> Setting:
    """Without the memory that the failure does not need."""
    memory, size = setting.memory, max(len(setting.memory) // 2, 1)
    deadline = time.monotonic() + 10
    while size and time.monotonic() < deadline and play(setting, actions):
        at = 0
        while at < len(memory) and time.monotonic() < deadline:
            fewer = memory[:at] + memory[at + size:]
            if play(replace(setting, memory=fewer), actions):
                memory = fewer
            else:
                at += size
        size //= 2
    return replace(setting, memory=memory)
