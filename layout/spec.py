# SPDX-License-Identifier: Apache-2.0
"""The described things: a layout is a run of bits, a field is a named part of it, a piece is one
contiguous stretch of a field. A register is a layout that also has an offset in a register space."""
import re
from dataclasses import dataclass, field, replace


class SpecError(Exception):
    """The description contradicts itself; the text names the file, the layout and the field."""


@dataclass(frozen=True)
class Piece:
    lsb: int
    width: int
    at: int

    @property
    def word(self):
        return self.lsb // 64

    @property
    def shift(self):
        return self.lsb % 64

    @property
    def ones(self):
        return (1 << self.width) - 1

    @property
    def mask(self):
        """The piece's bits inside its own 64-bit word."""
        return self.ones << self.shift

    @property
    def wide_mask(self):
        """The piece's bits inside the whole layout."""
        return self.ones << self.lsb


@dataclass(frozen=True)
class Field:
    name: str
    pieces: tuple
    reserved: bool = False
    ignored: bool = False
    address: bool = False
    view: str = ""
    gate: str = ""
    reserved_in: tuple = ()
    ignored_in: tuple = ()
    values: dict = field(default_factory=dict)
    access: str = ""
    reset: int = 0
    doc: str = ""
    section: str = ""
    source: str = ""
    status: str = ""
    switch: str = ""
    note: str = ""
    ident: str = ""

    @property
    def anonymous(self):
        return self.name in ("Rsvd", "Ignored")

    @property
    def wide_mask(self):
        return sum(p.wide_mask for p in self.pieces)

    @property
    def value_mask(self):
        return sum(p.ones << p.at for p in self.pieces)

    @property
    def bit_text(self):
        return " ".join(f"{p.lsb + p.width - 1}:{p.lsb}" if p.width > 1 else str(p.lsb) for p in self.pieces)


@dataclass(frozen=True)
class Layout:
    name: str
    room: str
    file: str
    bits: int
    fields: tuple
    title: str = ""
    doc: str = ""
    section: str = ""
    source: str = ""
    variants: tuple = ()
    opcode: int | None = None
    code: int | None = None
    space: str = ""
    offset: int | None = None
    width: int = 0
    gate: str = ""
    access: str = ""
    count: int = 1
    first: int = 0
    stride: int = 0
    status: str = ""
    switch: str = ""
    note: str = ""

    @property
    def words(self):
        return (self.bits + 63) // 64

    @property
    def named(self):
        """The fields that get an accessor."""
        return tuple(f for f in self.fields if not f.anonymous)

    def field(self, name):
        return next((f for f in self.fields if f.name == name), None)


def identifier(name):
    """Host root -> host_root, DomainID -> domainid."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def instances(layout):
    """(index, offset, short name) of each element of a register array, or of the one register."""
    short = layout.name.split("_", 1)[1]
    if layout.count == 1 and not layout.stride:
        return [(0, layout.offset, short)]
    span = range(layout.first, layout.first + layout.count)
    return [(i, layout.offset + (i - layout.first) * layout.stride, f"{short}{i}") for i in span]


def with_fields(layout, fields):
    return replace(layout, fields=tuple(fields))
