# SPDX-License-Identifier: Apache-2.0
"""The lint: what a driver has forgotten (amdvi/lint.h)."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from ._amdvi import ffi, lib
from ._fields import choice, filled
from ._hooks import Hooks
from .device import Device
from .errors import AmdviError, check, text

SEVERITIES = ("note", "window", "mistake")
REGIMES = {"auto": lib.AMDVI_LINT_AUTO, "synchronous": lib.AMDVI_LINT_SYNCHRONOUS, "queued": lib.AMDVI_LINT_QUEUED}


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, in one line of `text`. `line` is the last mark() before the wrong answer or action, `changed_line`
    the one before the change that was not followed; None: not known. `needed` are the words of the command that was
    needed, (0, 0) where the kind has none; `first` and `last` the range it had to cover."""

    kind: str
    severity: str
    text: str
    line: int | None
    changed_line: int | None
    device: int
    domain: int
    pasid: int | None
    address: int
    word: int
    needed: tuple[int, int]
    first: int
    last: int
    times: int


def line_of(mark: Any) -> int | None:
    return mark.line if mark.record else None


def finding(c: Any) -> Finding:
    return Finding(text(lib.amdvi_lint_kind_name(c.kind)) or "", SEVERITIES[c.severity], text(c.text) or "",
                   line_of(c.at), line_of(c.changed), c.request.device, c.domain, c.pasid if c.has_pasid else None,
                   c.request.address, c.word, (c.needed[0], c.needed[1]), c.first, c.last, c.times)


class Lint:
    """Watches a device; findings gather in `findings`, and `on_finding` hears of each. Closing it, best by
    `with`, reports what is still open; a device that is closed closes its lint.

    >>> import amdvi
    >>> with amdvi.Device(memory=amdvi.Memory(1 << 20)) as iommu, Lint(iommu) as lint:
    ...     answer = iommu.translate(0x100, 0x1000)
    >>> lint.findings
    []
    """

    def __init__(self, device: Device, *, regime: str = "auto", windows: bool = False, processors: int = 1,
                 costs: bool = False, on_finding: Callable[[Finding], None] | None = None) -> None:
        """`regime`: "synchronous", "queued", or what each domain's stream shows; `windows` also reports stale answers
        that were invalidated in time; `costs` counts what invalidations drop."""
        self.findings: list[Finding] = []
        self._on_finding = on_finding
        self._hooks = Hooks()
        self._hooks.functions["finding"] = self._found
        self._device, out = device, ffi.new("struct amdvi_lint **")
        options = filled("struct amdvi_lint_options", context=self._hooks.handle, finding=lib.amdvi_py_finding,
                         windows=windows, regime=choice("regime", regime, REGIMES), processors=processors, costs=costs)
        check(lib.amdvi_lint_create(device.pointer, options, out))
        self._pointer: Any = out[0]
        device.faces.append(self)

    def _found(self, c: Any) -> None:
        self.findings.append(finding(c))
        if self._on_finding:
            self._on_finding(self.findings[-1])

    def _check(self, status: int) -> None:
        self._hooks.raise_kept()
        check(status)

    @property
    def pointer(self) -> Any:
        if self._pointer is None:
            raise AmdviError("the lint is closed")
        return self._pointer

    def mark(self, line: int, nanoseconds: int = 0) -> None:
        """What follows happens at this line and time of the caller's."""
        self._check(lib.amdvi_lint_mark(self.pointer, line, nanoseconds))

    def write(self, address: int, data: bytes) -> None:
        """Software stores `data`; told before or after the bytes are there."""
        self._check(lib.amdvi_lint_write(self.pointer, address, data, len(data)))

    def scan(self) -> None:
        """Compares what is remembered of tables with memory: for stores that nobody told."""
        self._check(lib.amdvi_lint_scan(self.pointer))

    def rely(self) -> None:
        """Software relies from here on that its changes have taken effect."""
        self._check(lib.amdvi_lint_rely(self.pointer))

    def move(self, device: Device) -> None:
        """Goes on with another device, such as the one into which a saved state is restored."""
        self._check(lib.amdvi_lint_move(self.pointer, device.pointer))
        self._device.faces.remove(self)
        device.faces.append(self)
        self._device = device

    def finish(self) -> None:
        """Reports all that is still open; the lint goes on."""
        self._check(lib.amdvi_lint_finish(self.pointer))

    def statistics(self) -> dict[str, int | list[int]]:
        """Counters by name."""
        out = ffi.new("struct amdvi_lint_statistics *")
        self._check(lib.amdvi_lint_statistics(self.pointer, out))
        values = ((name, getattr(out, name)) for name, _ in ffi.typeof("struct amdvi_lint_statistics").fields)
        return {name: value if isinstance(value, int) else list(value) for name, value in values}

    def close(self) -> None:
        """Reports what is still open, detaches and frees; may be called twice."""
        if self._pointer is not None:
            self._device.faces.remove(self)
            pointer, self._pointer = self._pointer, None
            lib.amdvi_lint_finish(pointer)
            check(lib.amdvi_lint_destroy(pointer))
            self._hooks.raise_kept()

    def __enter__(self) -> Lint:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()
