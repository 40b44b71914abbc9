# SPDX-License-Identifier: Apache-2.0
"""What the library refuses, as exceptions."""
from __future__ import annotations

from ._amdvi import ffi, lib

Status = ffi.typeof("enum amdvi_status")


class AmdviError(Exception):
    """A call that the library refused. `status` is the name of the status, such as "BAD_VALUE"."""

    def __init__(self, text: str, status: str = "ARGUMENT") -> None:
        super().__init__(text)
        self.status = status


class FieldError(AmdviError, ValueError):
    """A value that its field cannot have, found before the library was asked. `field` is the field's name."""

    def __init__(self, field: str, value: object, expected: str) -> None:
        super().__init__(f"{field}={value!r}: {expected}")
        self.field = field


class MemoryFault(Exception):
    """Raise it in a memory callback to answer with an error of the bus; it is an answer, not a mistake.

    `kind` is "master_abort" (nothing there), "target_abort" or "data_error" (poison).
    """

    CODES = {"master_abort": lib.AMDVI_MEMORY_MASTER_ABORT, "target_abort": lib.AMDVI_MEMORY_TARGET_ABORT,
             "data_error": lib.AMDVI_MEMORY_DATA_ERROR}

    def __init__(self, kind: str = "master_abort") -> None:
        super().__init__(kind)
        self.code = self.CODES[kind]


def text(pointer: object) -> str | None:
    """A C string, or None for null."""
    return ffi.string(pointer).decode("utf-8", "replace") if pointer else None


def status_name(status: int) -> str:
    name = Status.elements.get(status, str(status))
    return name.removeprefix("AMDVI_").removeprefix("ERR_")


def check(status: int, about: str = "") -> None:
    """Raises for every status but OK."""
    if status != lib.AMDVI_OK:
        message = text(lib.amdvi_status_text(status)) or ""
        raise AmdviError(f"{about}: {message}" if about else message, status_name(status))
