# SPDX-License-Identifier: Apache-2.0
"""What registers, commands, log records and table entries look like, and their values field by field.

>>> from amdvi import layout
>>> dte = layout.find("dte")
>>> value = dte.encode(V=1, TV=1, Mode=4, DomainID=7)
>>> dte.decode(value)["DomainID"]
7
"""
from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from ._amdvi import ffi, lib
from .errors import AmdviError, text

UNNAMED = ("Rsvd", "Ignored")
Value = int | bytes | list[int] | tuple[int, ...]


@dataclass(frozen=True)
class Field:
    """A named part of a layout."""

    name: str
    pieces: tuple[tuple[int, int, int], ...]  # (lowest bit, width, place in the value)
    reserved: bool
    ignored: bool
    address: bool
    view: str | None
    values: dict[int, str]
    doc: str
    section: str
    source: str
    gate: str | None
    pointer: Any

    @property
    def width(self) -> int:
        return max((at + width for _, width, at in self.pieces), default=0)

    def get(self, words: Any) -> int:
        return int(lib.amdvi_field_get(self.pointer, words))

    def set(self, words: Any, value: int) -> None:
        lib.amdvi_field_set(self.pointer, words, value)


def _values(pointer: Any) -> dict[int, str]:
    out: dict[int, str] = {}
    at = 0
    while pointer and (name := text(pointer[at].name)) is not None:
        out[pointer[at].value] = name
        at += 1
    return out


def _field(c: Any) -> Field:
    pieces = tuple((c.pieces[n].lsb, c.pieces[n].width, c.pieces[n].at) for n in range(c.npieces))
    return Field(text(c.name) or "", pieces, c.reserved, c.ignored, c.address, text(c.view), _values(c.values),
                 text(c.doc) or "", text(c.section) or "", text(c.source) or "", text(c.gate), ffi.addressof(c))


class Decoded(dict[str, int]):
    """Fields by name. `when` says of some of them when they mean something: of bits that are read in two ways."""

    def __init__(self, fields: dict[str, int], when: dict[str, str]) -> None:
        super().__init__(fields)
        self.when = when


class Layout:
    """A register, command, record or table entry."""

    def __init__(self, pointer: Any) -> None:
        self.pointer = pointer
        self.name, self.title, self.room, self.doc, self.section, self.gate = (
            text(getattr(pointer, key)) for key in ("name", "title", "room", "doc", "section", "gate"))
        self.bits, self.opcode, self.code = pointer.bits, pointer.opcode, pointer.code

    def __repr__(self) -> str:
        return f"<layout {self.name}: {self.title}, {self.bits} bits>"

    @property
    def bytes(self) -> int:
        return -(-self.bits // 8)

    @cached_property
    def fields(self) -> list[Field]:
        return [_field(self.pointer.fields[n]) for n in range(self.pointer.nfields)]

    @cached_property
    def _by_name(self) -> dict[str, Field]:
        return {field.name: field for field in self.fields if field.name not in UNNAMED}

    def _words(self, value: Value) -> Any:
        count = -(-self.bits // 64)
        if isinstance(value, (list, tuple)):
            if len(value) > count:
                raise AmdviError(f"{len(value)} words do not fit {self.name}")
            return ffi.new("uint64_t[]", [*value, *([0] * (count - len(value)))])
        number = int.from_bytes(value, "little") if isinstance(value, (bytes, bytearray)) else value
        if number < 0 or number >> (64 * count):
            raise AmdviError(f"{number:#x} does not fit {self.name}")
        return ffi.new("uint64_t[]", [number >> 64 * n & (1 << 64) - 1 for n in range(count)])

    @cached_property
    def _when(self) -> dict[str, str]:
        return {name: field.view for name, field in self._by_name.items() if field.view}

    def decode(self, value: Value) -> Decoded:
        """Named fields of a number, of bytes in memory order, or of 64-bit words."""
        words = self._words(value)
        return Decoded({name: field.get(words) for name, field in self._by_name.items()}, dict(self._when))

    def named(self, value: Value) -> dict[str, str]:
        """The fields whose value has a name, with that name."""
        decoded = self.decode(value)
        return {name: self._by_name[name].values[number] for name, number in decoded.items()
                if number in self._by_name[name].values}

    def encode(self, /, base: Value = 0, **fields: int) -> int:
        """A number with these fields set, the others as in `base`; a command gets its opcode, an event its code."""
        words = self._words(base)
        kind = {"opcode": self.opcode, "code": self.code}
        fields = {key: number for key, number in kind.items() if number and key in self._by_name} | fields
        for name, value in fields.items():
            field = self._by_name.get(name)
            if field is None:
                raise AmdviError(f"{self.name} has no field {name}")
            if value < 0 or value >> field.width:
                raise AmdviError(f"{name}={value:#x} does not fit {field.width} bits")
            field.set(words, value)
        return sum(int(word) << 64 * n for n, word in enumerate(words))

    def to_bytes(self, /, base: Value = 0, **fields: int) -> bytes:
        """encode() in memory order."""
        return self.encode(base, **fields).to_bytes(self.bytes, "little")


@dataclass(frozen=True)
class Register:
    """A register, or one of an array."""

    name: str
    offset: int
    width: int
    index: int
    layout: Layout


@lru_cache(maxsize=None)
def names() -> tuple[str, ...]:
    """Short names of all layouts."""
    return tuple(text(lib.amdvi_layout_at(n).name) or "" for n in range(lib.amdvi_layout_count()))


def _known(pointer: Any, what: str) -> Layout:
    if not pointer:
        raise AmdviError(f"no layout of {what}", "UNKNOWN_KEY")
    return Layout(pointer)


@lru_cache(maxsize=None)
def find(name: str) -> Layout:
    """The layout of that short name: "dte", "cmd_inv_pages", "reg_control"."""
    return _known(lib.amdvi_layout_find(name.encode()), name)


def of_command(opcode: int) -> Layout:
    return _known(lib.amdvi_layout_of_command(opcode), f"command {opcode}")


def of_event(code: int) -> Layout:
    return _known(lib.amdvi_layout_of_event(code), f"event {code}")


def decode(name: str, value: Value) -> Decoded:
    return find(name).decode(value)


def encode(name: str, /, base: Value = 0, **fields: int) -> int:
    return find(name).encode(base, **fields)


def _register(c: Any) -> Register | None:
    return Register(text(c.name) or "", c.offset, c.width, c.index, Layout(c.layout)) if c else None


def register_at(offset: int, space: str = "host") -> Register | None:
    """The register that holds that byte of the "host" window, the "vf" page or the "vfc" block."""
    find_at = {"host": lib.amdvi_register_at, "vf": lib.amdvi_vf_register_at, "vfc": lib.amdvi_vfc_register_at}
    return _register(find_at[space](offset))


def register(name: str) -> Register | None:
    """The host register of that name."""
    return _register(lib.amdvi_register_find(name.encode()))
