# SPDX-License-Identifier: Apache-2.0
"""Recording a device: a trace of all that is done to it, for replay."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, BinaryIO

from ._amdvi import ffi, lib
from ._fields import choice
from ._hooks import Hooks, whole
from .device import Device
from .trace import FORMS, TraceError


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a recording holds; `inexact` counts what replay may do otherwise (amdvi/recorder.h)."""

    actions: int
    memory_bytes: int
    expectations: int
    inexact: int


class Recorder:
    """Writes a trace of `device` to a binary file object, in the form "text" or "binary". Attach it to a device that
    is new or reset, and finish it, best by `with`, before the device is closed. `ram` is the memory of the trace in
    bytes from address 0; by default the configured one.

    >>> import io, amdvi
    >>> file = io.BytesIO()
    >>> with amdvi.Device(memory=amdvi.Memory(1 << 20)) as iommu, Recorder(iommu, file, ram=1 << 20):
    ...     answer = iommu.translate(0x100, 0x1000)
    >>> amdvi.replay_text(file.getvalue().decode()).ok
    True
    """

    def __init__(self, device: Device, file: BinaryIO, form: str = "text", ram: int = 0) -> None:
        self._hooks = Hooks()
        self._hooks.functions["trace_write"] = whole(file.write)
        self._device, out = device, ffi.new("struct amdvi_recorder **")
        options = ffi.new("struct amdvi_recorder_options *", {
            "config": device.config.pointer, "form": choice("form", form, FORMS), "write": lib.amdvi_py_trace_write,
            "context": self._hooks.handle, "ram": ram})
        self._check(lib.amdvi_recorder_create(device.pointer, options, out))
        self._pointer: Any = out[0]
        device.faces.append(self)

    def _check(self, status: int) -> None:
        self._hooks.raise_kept()
        if status != lib.AMDVI_TRACE_OK:
            raise TraceError(ffi.string(lib.amdvi_trace_status_name(status)).decode())

    @property
    def pointer(self) -> Any:
        if self._pointer is None:
            raise TraceError("the recording is closed")
        return self._pointer

    def time(self, nanoseconds: int) -> None:
        """Records from here on carry this time."""
        self._check(lib.amdvi_recorder_time(self.pointer, nanoseconds))

    def store(self, address: int, data: bytes) -> None:
        """Software's own store, if the host sees it; what the device reads is recorded anyway."""
        self._check(lib.amdvi_recorder_store(self.pointer, address, data, len(data)))

    def comment(self, text: str) -> None:
        self._check(lib.amdvi_recorder_comment(self.pointer, text.encode()))

    def statistics(self) -> Recorded:
        out = ffi.new("struct amdvi_recorder_statistics *")
        self._check(lib.amdvi_recorder_get_statistics(self.pointer, out))
        return Recorded(out.actions, out.memory_bytes, out.expectations, out.inexact)

    def finish(self) -> None:
        """Writes what is pending and detaches; the device may go on without."""
        self._check(lib.amdvi_recorder_finish(self.pointer))

    def close(self) -> None:
        """Frees the recorder; may be called twice. A device that is closed closes it."""
        if self._pointer is not None:
            self._device.faces.remove(self)
            lib.amdvi_recorder_destroy(self._pointer)
            self._pointer = None

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self.finish()
        finally:
            self.close()
