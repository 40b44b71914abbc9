# SPDX-License-Identifier: Apache-2.0
"""Reads the YAML descriptions and turns them into layouts, then has them checked."""
import re
from pathlib import Path

import yaml

from . import check
from .spec import Field, Layout, Piece, SpecError, identifier, with_fields

ROOMS = ("tables", "cmdbuf", "model")
LAYOUT_KEYS = {"name", "bits", "title", "doc", "section", "source", "variants", "opcode", "code", "space",
               "offset", "width", "gate", "access", "count", "first", "stride", "status", "switch", "note",
               "fields", "use", "like", "rest"}
FIELD_KEYS = {"name", "bits", "pieces", "reserved", "ignored", "address", "view", "gate", "reserved_in",
              "ignored_in", "values", "access", "reset", "doc", "section", "source", "status", "switch",
              "note", "id"}


def load_tree(root):
    """All layouts below root/<room>/spec, checked."""
    return load_documents(list(_documents(root)))


def load_spaces(root):
    """{register space: {name: number}}, where the registers of a space lie and repeat."""
    spaces = {}
    for _, file, document in _documents(root):
        for space, numbers in (document.get("spaces") or {}).items():
            if space not in check.SPACES or space in spaces:
                raise SpecError(f"{file}: register space {space!r} is unknown or placed twice")
            spaces[space] = numbers
    return spaces


def _documents(root):
    for room in ROOMS:
        for path in sorted(Path(root, room, "spec").glob("*.yaml")):
            yield room, f"{room}/spec/{path.name}", yaml.safe_load(path.read_text(encoding="utf-8"))


def load_documents(documents):
    groups = {}
    for _, file, document in documents:
        _known(document, {"groups", "layouts", "spaces"}, file)
        groups.update(document.get("groups") or {})
    layouts = [_layout(room, file, item, groups)
               for room, file, document in documents for item in document.get("layouts") or []]
    layouts = _resolve_likes(layouts, documents)
    check.run(layouts)
    return layouts


def _known(mapping, keys, where):
    unknown = set(mapping) - keys
    if unknown:
        raise SpecError(f"{where}: unknown key {sorted(unknown)[0]!r}")


def _layout(room, file, item, groups):
    where = f"{file}: {item.get('name', '?')}"
    _known(item, LAYOUT_KEYS, where)
    fields = []
    for group in item.get("use") or []:
        if group not in groups:
            raise SpecError(f"{where}: unknown group {group!r}")
        fields += groups[group]
    fields += item.get("fields") or []
    plain = {k: v for k, v in item.items() if k not in ("fields", "use", "like", "rest", "variants")}
    plain.setdefault("width", 8 if item.get("space") else 0)
    plain.setdefault("bits", plain["width"] * 8)
    if not plain["bits"]:
        raise SpecError(f"{where}: neither bits nor space is given")
    layout = Layout(room=room, file=file, variants=tuple(item.get("variants") or ()), fields=(), **plain)
    made = [_field(layout, f, f"{where}.{f.get('name', '?')}") for f in fields]
    return with_fields(layout, _filled(layout, made, item.get("rest")))


def _filled(layout, fields, rest):
    """Adds an anonymous field for each unlisted stretch when the description says what unlisted bits are."""
    if rest is None:
        return _sorted(fields)
    if rest not in ("reserved", "ignored"):
        raise SpecError(f"{layout.file}: {layout.name}: rest is {rest!r}, not reserved or ignored")
    free = ((1 << layout.bits) - 1) & ~_covered(fields)
    for lsb, width in _runs(free, layout.bits):
        item = {"name": "Rsvd" if rest == "reserved" else "Ignored", rest: True,
                "bits": f"{lsb + width - 1}:{lsb}"}
        fields.append(_field(layout, item, f"{layout.file}: {layout.name}"))
    return _sorted(fields)


def _sorted(fields):
    return sorted(fields, key=lambda f: f.pieces[0].lsb)


def _covered(fields):
    mask = 0
    for f in fields:
        mask |= f.wide_mask
    return mask


def _runs(mask, bits):
    """Contiguous runs of ones, cut at 64-bit boundaries."""
    start = None
    for bit in range(bits + 1):
        one = bit < bits and mask >> bit & 1
        if start is not None and (not one or bit % 64 == 0):
            yield start, bit - start
            start = None
        if one and start is None:
            start = bit


def _field(layout, item, where):
    _known(item, FIELD_KEYS, where)
    address = bool(item.get("address"))
    pieces = tuple(_pieces(item, address, where))
    inherited = {key: item.get(key, getattr(layout, key)) for key in ("section", "source", "status")}
    stated = "status" in item or layout.status in ("", "works")
    inherited["note"] = item.get("note", "" if stated else layout.note)
    reserved = bool(item.get("reserved")) or item["name"] == "Rsvd"
    ignored = bool(item.get("ignored")) or item["name"] == "Ignored"
    access = item.get("access", "" if reserved or ignored else layout.access)
    return Field(name=item["name"], ident=item.get("id", identifier(item["name"])), pieces=pieces,
                 reserved=reserved, ignored=ignored, address=address, view=item.get("view", ""),
                 gate=item.get("gate", ""), reserved_in=tuple(item.get("reserved_in", ())),
                 ignored_in=tuple(item.get("ignored_in", ())), values=item.get("values", {}), access=access,
                 reset=item.get("reset", 0), doc=item.get("doc", ""), switch=item.get("switch", ""),
                 **inherited)


def _pieces(item, address, where):
    if ("bits" in item) == ("pieces" in item):
        raise SpecError(f"{where}: give either bits or pieces")
    if "bits" in item:
        lsb, width = _range(item["bits"], where)
        yield Piece(lsb, width, lsb % 64 if address else 0)
    for piece in item.get("pieces", ()):
        lsb, width = _range(piece["bits"], where)
        yield Piece(lsb, width, piece["at"])


def _range(text, where):
    match = re.fullmatch(r"(\d+)(?::(\d+))?", str(text))
    if not match:
        raise SpecError(f"{where}: {text!r} is not a bit range such as \"11:9\"")
    high = int(match[1])
    low = int(match[2] or high)
    if low > high:
        raise SpecError(f"{where}: bit range {text} is the wrong way round")
    return low, high - low + 1


def _resolve_likes(layouts, documents):
    """A layout may take over the fields of another one: the guest's copy of a register, for instance."""
    by_name = {layout.name: layout for layout in layouts}
    likes = {item["name"]: item["like"] for _, _, d in documents for item in d.get("layouts") or []
             if "like" in item}
    for name, model in likes.items():
        if model not in by_name or model in likes:
            raise SpecError(f"{by_name[name].file}: {name}: cannot be like {model!r}")
        by_name[name] = with_fields(by_name[name], by_name[model].fields + by_name[name].fields)
    return [by_name[layout.name] for layout in layouts]
