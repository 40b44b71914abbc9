# SPDX-License-Identifier: Apache-2.0
"""Refuses descriptions that contradict themselves. Each error names the file, the layout and the field."""
from . import gate
from .spec import SpecError, instances

ACCESS = ("rw", "ro", "rw1c", "custom")
STATUS = ("works", "stored", "partly", "absent")
SPACES = ("mmio", "vf", "vfc", "ctr", "pci")


def run(layouts):
    _unique((layout.name for layout in layouts), "layout")
    features = gate.features(layouts)
    for layout in layouts:
        _layout(layout, features)
    for space in SPACES[:-1]:
        _space([layout for layout in layouts if layout.space == space])


def _unique(names, what):
    seen = set()
    for name in names:
        if name in seen:
            raise SpecError(f"{what} {name} is described twice")
        seen.add(name)


def _layout(layout, features):
    where = f"{layout.file}: {layout.name}"
    _status(layout, where)
    _unique((f"{where}.{f.ident}" for f in layout.named), "field")
    taken = {}
    for f in layout.fields:
        _field(layout, f, f"{where}.{f.name}", features)
        if not f.view:
            _claim(taken, f, f"{where}.{f.name}")
    viewed = {bit for f in layout.fields for bit in _bits(f)}
    for bit in range(layout.bits):
        if bit not in viewed:
            raise SpecError(f"{where}: bit {bit} is not described (gap)")
    for index in range(layout.first, layout.first + layout.count):
        _gate(layout.gate, features, where, index)
    _register(layout, where)


def _bits(f):
    return [bit for p in f.pieces for bit in range(p.lsb, p.lsb + p.width)]


def _claim(taken, f, where):
    for bit in _bits(f):
        if bit in taken:
            raise SpecError(f"{where}: bit {bit} overlaps {taken[bit]}")
        taken[bit] = f.name


def _field(layout, f, where, features):
    if not 1 <= len(f.pieces) <= 4:
        raise SpecError(f"{where}: {len(f.pieces)} pieces, at most 4 are possible")
    for p in f.pieces:
        if p.lsb + p.width > layout.bits:
            raise SpecError(f"{where}: bit {p.lsb + p.width - 1} is out of range (layout has {layout.bits} bits)")
        if p.lsb // 64 != (p.lsb + p.width - 1) // 64:
            raise SpecError(f"{where}: a piece crosses a 64-bit boundary, split it")
        if p.at + p.width > 64:
            raise SpecError(f"{where}: the value is wider than 64 bits")
    if sum(bin(p.ones << p.at).count("1") for p in f.pieces) != bin(_union(f)).count("1"):
        raise SpecError(f"{where}: pieces overlap inside the value")
    _gate(f.gate, features, where, layout.first)
    _words(layout, f, where)


def _union(f):
    mask = 0
    for p in f.pieces:
        mask |= p.ones << p.at
    return mask


def _words(layout, f, where):
    """The closed vocabularies of a field."""
    if f.access and f.access not in ACCESS:
        raise SpecError(f"{where}: access {f.access!r} is not one of {', '.join(ACCESS)}")
    if layout.space not in ("", "pci") and not f.access and not f.reserved and not f.ignored:
        raise SpecError(f"{where}: a register field needs an access kind")
    _status(f, where)
    if f.reset & ~f.value_mask:
        raise SpecError(f"{where}: reset {f.reset:#x} does not fit the field")
    for value in f.values:
        if not isinstance(value, int) or value & ~f.value_mask:
            raise SpecError(f"{where}: value {value!r} does not fit the field")
    for variant in f.reserved_in + f.ignored_in:
        if variant not in layout.variants:
            raise SpecError(f"{where}: unknown variant {variant!r}")


def _status(item, where):
    if item.status and item.status not in STATUS:
        raise SpecError(f"{where}: status {item.status!r} is not one of {', '.join(STATUS)}")
    if item.status in STATUS[1:] and not item.note:
        raise SpecError(f"{where}: status {item.status} needs a note that says what is missing")


def _gate(text, features, where, index):
    if text:
        try:
            gate.to_c(text, features, index)
        except SpecError as error:
            raise SpecError(f"{where}: {error}") from None


def _register(layout, where):
    if not layout.space:
        return
    if layout.space not in SPACES:
        raise SpecError(f"{where}: unknown register space {layout.space!r}")
    if layout.offset is None or layout.width not in (2, 4, 8) or layout.bits != layout.width * 8:
        raise SpecError(f"{where}: a register needs an offset and a width that agrees with its bits")
    if layout.count > 1 and layout.stride < layout.width:
        raise SpecError(f"{where}: stride {layout.stride} makes the array overlap itself")


def _space(registers):
    spans = sorted(((o, o + r.width, r) for r in registers for _, o, _ in instances(r)), key=lambda s: s[0])
    for (_, end, first), (start, _, second) in zip(spans, spans[1:]):
        if start < end:
            raise SpecError(f"{second.file}: {second.name}: overlaps register {first.name} at {start:#x}")
