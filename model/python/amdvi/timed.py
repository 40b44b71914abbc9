# SPDX-License-Identifier: Apache-2.0
"""Time: a device whose requests, commands and memory accesses take as long as its parts say (amdvi/timed.h). All times
are whole picoseconds from creation; equal parameters, seed and submissions give equal times on every machine."""
from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from . import external
from ._amdvi import ffi, lib
from ._fields import choice
from ._hooks import Hooks
from .config import Value, written
from .device import Device
from .errors import AmdviError, FieldError, MemoryFault, check, text
from .external import Ask, Completion
from .results import PageRequest, Request

NEVER = int(lib.AMDVI_TIMED_NEVER)
LAST = int(lib.AMDVI_TIMED_LAST)
EXPLANATION = 4096
WORDS = ("name", "unit", "fallback", "values", "meaning", "origin", "basis")


def names(kind: str, prefix: str, end: str) -> dict[str, int]:
    """Names of an enum's members, without prefix and in lower case."""
    elements = ffi.typeof(kind).relements
    return {name.removeprefix(prefix).lower(): int(value) for name, value in elements.items() if name != prefix + end}


HISTOGRAMS = names("enum amdvi_timed_histogram", "AMDVI_TIMED_", "HISTOGRAMS")
PLACES = {value: name for name, value in names("enum amdvi_timed_place", "AMDVI_TIMED_", "PLACES").items()}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter with its default and where that comes from: "source", "inferred" or "assumption"."""

    name: str
    unit: str
    fallback: str
    values: str
    least: int
    most: int
    meaning: str
    origin: str
    basis: str


def parameters() -> list[Parameter]:
    """All parameters, in the order of the documentation; the range of times is in picoseconds."""
    out: list[Parameter] = []
    while c := lib.amdvi_timed_parameter_at(len(out)):
        words = [text(getattr(c, name)) or "" for name in WORDS]
        out.append(Parameter(*words[:4], c.least, c.most, *words[4:]))
    return out


def presets() -> list[str]:
    """Names of presets of parameters."""
    out: list[str] = []
    while c := lib.amdvi_timed_preset_at(len(out)):
        out.append(text(c.name) or "")
    return out


class Parameters:
    """The parameters of one timed device: a preset, and what differs. Times are text with a unit ("150ns").

    >>> parameters = Parameters("generic", {"memory.latency": "90ns"})
    >>> parameters["memory.latency"]
    90000
    """

    def __init__(self, preset: str | None = None, settings: Mapping[str, Value] | None = None) -> None:
        self.pointer = ffi.new("struct amdvi_timed_parameters *")
        check(lib.amdvi_timed_preset_parameters(self.pointer, ffi.NULL if preset is None else preset.encode()),
              f"preset={preset}")
        for name, value in (settings or {}).items():
            self[name] = value

    def __setitem__(self, name: str, value: Value) -> None:
        shown = ("on" if value else "off") if isinstance(value, bool) else str(value)
        check(lib.amdvi_timed_set(self.pointer, name.encode(), shown.encode()), f"{name}={written(value)}")

    def __getitem__(self, name: str) -> int:
        """As a number; times in picoseconds."""
        out = ffi.new("uint64_t *")
        check(lib.amdvi_timed_get(self.pointer, name.encode(), out), name)
        return int(out[0])

    def __iter__(self) -> Iterator[str]:
        return (parameter.name for parameter in parameters())

    def as_dict(self) -> dict[str, int]:
        return {name: self[name] for name in self}


@dataclass(frozen=True, slots=True)
class Ended(Completion):
    """A Completion with its times. `place`: where a request was answered, "l1", "l2", "walk" or "dropped" (its status
    is BUSY then); `reads`: accesses to memory made for it; `waited_port`, `waited_walker`: picoseconds spent waiting."""

    submitted: int
    done: int
    place: str
    reads: int
    waited_port: int
    waited_walker: int

    @property
    def latency(self) -> int:
        return self.done - self.submitted


def ended(c: Any) -> Ended:
    what = external.completion(c.what)
    return Ended(what.tag, what.status, what.answer, c.submitted, c.done, PLACES[c.place], c.reads, c.waited_port,
                 c.waited_walker)


class Timed:
    """Takes a device on, whose clock starts at 0. Completions gather in `completions`, or go to `on_end`, which may
    submit more. With `on_ask` memory is the caller's: it hears of each Ask, and answers with answer(), then or later.

    >>> import amdvi
    >>> with amdvi.Device(memory=amdvi.Memory(1 << 20)) as iommu, Timed(iommu) as clock:
    ...     clock.request(amdvi.Request(0x100, 0x1000), when=5000, tag=7)
    ...     clock.run()
    ...     end = clock.completions.popleft()
    >>> end.tag, end.submitted, end.latency > 0
    (7, 5000, True)
    """

    def __init__(self, device: Device, parameters: Parameters | None = None, *,
                 on_end: Callable[[Ended], None] | None = None, on_ask: Callable[[Ask], None] | None = None) -> None:
        self.device = device
        self.completions: deque[Ended] = deque()
        heard = on_end or self.completions.append
        self._hooks = Hooks()
        self._hooks.functions = {"timed_completion": lambda c: heard(ended(c)),
                                 "ask": lambda c: on_ask(external.ask(c)) if on_ask else None}
        host, out = ffi.new("struct amdvi_timed_host *"), ffi.new("struct amdvi_timed **")
        host.context, host.complete = self._hooks.handle, lib.amdvi_py_timed_completion
        host.issue = lib.amdvi_py_ask if on_ask else ffi.NULL
        self._bad_parameter(parameters)
        chosen = parameters.pointer if parameters else ffi.NULL
        check(lib.amdvi_timed_create(device.pointer, chosen, host, ffi.NULL, out))
        self._pointer: Any = out[0]
        device.faces.append(self)

    @staticmethod
    def _bad_parameter(parameters: Parameters | None) -> None:
        name = ffi.new("const char **")
        if parameters is not None and lib.amdvi_timed_check(parameters.pointer, name) != lib.AMDVI_OK:
            field = text(name[0]) or "?"
            raise FieldError(field, parameters[field], "out of its range, or nothing could move")

    def _check(self, status: int, about: str = "") -> None:
        self._hooks.raise_kept()
        self.device.raise_kept()
        check(status, about)

    @property
    def pointer(self) -> Any:
        if self._pointer is None:
            raise AmdviError("the clock is closed")
        return self._pointer

    # --- submitting: `when` is the present or later, None the present ---

    def _when(self, when: int | None) -> int:
        return self.now if when is None else when

    def request(self, request: Request, when: int | None = None, *, port: int = 0, tag: int = 0) -> None:
        """A request at a port, whose L1 it meets."""
        asked = ffi.new("struct amdvi_request *")
        request.fill(asked)
        self._check(lib.amdvi_timed_request(self.pointer, self._when(when), port, asked, tag))

    def interrupt(self, device: int, address: int, data: int, when: int | None = None, *, port: int = 0,
                  tag: int = 0) -> None:
        """A message-signalled interrupt."""
        self._check(lib.amdvi_timed_interrupt(self.pointer, self._when(when), port, device, address, data, tag))

    def page_request(self, request: PageRequest, when: int | None = None, *, port: int = 0, tag: int = 0) -> None:
        """A page request."""
        self._check(lib.amdvi_timed_page_request(self.pointer, self._when(when), port, request.filled(), tag))

    def register(self, space: str, offset: int, size: int = 8, value: int | None = None, when: int | None = None, *,
                 guest_id: int = 0, tag: int = 0) -> None:
        """An access to a register of "mmio", "pci", "vf" or "vfc"; without `value` a read. It takes effect
        command.doorbell later."""
        access = external.register_access(space, offset, size, value, guest_id)
        self._check(lib.amdvi_timed_register(self.pointer, self._when(when), access, tag))

    # --- time ---

    @property
    def now(self) -> int:
        return int(lib.amdvi_timed_now(self.pointer))

    def next(self) -> int | None:
        """When something happens next; None: nothing does by itself."""
        at = int(lib.amdvi_timed_next(self.pointer))
        return None if at == NEVER else at

    def run(self, until: int | None = None) -> None:
        """Lets everything happen up to and at `until`; None: until nothing happens any more."""
        self._check(lib.amdvi_timed_run(self.pointer, NEVER if until is None else until))

    def pending(self) -> int:
        """What is submitted and has not ended."""
        return int(lib.amdvi_timed_pending(self.pointer))

    def explain(self) -> str:
        """Who waits for whom, for people."""
        room = ffi.new("char[]", EXPLANATION)
        self._check(lib.amdvi_timed_explain(self.pointer, room, EXPLANATION))
        return text(room) or ""

    # --- memory of the caller's ---

    def answer(self, ask: Ask, answer: bytes | int | MemoryFault | None = None) -> None:
        """Answers a question now, as External.answer()."""
        result, data = external.memory_answer(ask, answer)
        self._check(lib.amdvi_timed_memory_done(self.pointer, ask.id, result, data), f"question {ask.id}")

    def answer_now(self, ask: Ask) -> None:
        """Answers with what the device's own memory says now."""
        self._check(lib.amdvi_timed_memory_answer(self.pointer, ask.id), f"question {ask.id}")

    # --- statistics ---

    def statistics(self) -> dict[str, int | list[int]]:
        """Counters since creation or restart(), by name."""
        out = ffi.new("struct amdvi_timed_statistics *")
        self._check(lib.amdvi_timed_get_statistics(self.pointer, out))
        values = ((name, getattr(out, name)) for name, _ in ffi.typeof("struct amdvi_timed_statistics").fields)
        return {name: value if isinstance(value, int) else list(value) for name, value in values}

    def restart(self) -> None:
        """Warm-up is over: statistics and histograms start at zero."""
        self._check(lib.amdvi_timed_restart(self.pointer))

    def percentile(self, share: float, histogram: str = "all_requests") -> int:
        """The latency in picoseconds at or below which the share (0 to 1) of all lies, to 3 %; 0: there are none."""
        out, which = ffi.new("uint64_t *"), choice("histogram", histogram, HISTOGRAMS)
        if not 0 <= share <= 1:
            raise FieldError("share", share, "0 to 1")
        self._check(lib.amdvi_timed_percentile(self.pointer, which, round(share * 1_000_000), out))
        return int(out[0])

    def mean(self, histogram: str = "all_requests") -> tuple[int, float]:
        """How many latencies there are, and their mean in picoseconds."""
        count, mean = ffi.new("uint64_t *"), ffi.new("double *")
        which = choice("histogram", histogram, HISTOGRAMS)
        self._check(lib.amdvi_timed_mean(self.pointer, which, count, mean))
        return int(count[0]), float(mean[0])

    def close(self) -> None:
        """Takes back what is under way, unheard; may be called twice. A device that is closed closes it."""
        if self._pointer is not None:
            self.device.faces.remove(self)
            lib.amdvi_timed_destroy(self._pointer)
            self._pointer = None

    def __enter__(self) -> Timed:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()
