# SPDX-License-Identifier: Apache-2.0
"""Plain Python data and small functions, for tools that must not import anything else."""
import re

from . import gate
from .emit_c import SPACES, register_rows
from .render import render


def gate_python(text, known, index=0):
    """The gate as a Python expression over efr, efr2 and cap."""
    if not text:
        return "True"
    c = gate.to_c(text, known, index).replace("&&", "and").replace("||", "or")
    return re.sub(r"!(?!=)", "not ", re.sub(r"\b(0x[0-9a-f]+|\d+)u\b", r"\1", c))


def _field(f):
    data = {"name": f.name, "id": f.ident, "pieces": [(p.lsb, p.width, p.at) for p in f.pieces], "reserved": f.reserved,
            "ignored": f.ignored, "address": f.address, "view": f.view, "gate": f.gate, "access": f.access,
            "reset": f.reset, "reserved_in": list(f.reserved_in), "values": dict(f.values), "doc": f.doc,
            "section": f.section, "source": f.source}
    return {key: value for key, value in data.items() if value or key in ("name", "pieces")}


def _layout(layout):
    return {"name": layout.name, "title": layout.title or layout.name, "room": layout.room, "bits": layout.bits,
            "section": layout.section, "doc": layout.doc, "opcode": layout.opcode, "code": layout.code,
            "variants": list(layout.variants)}


def module(layouts, known, places):
    texts = sorted({f.gate for l in layouts for f in l.fields if f.gate})
    tables = {prefix: register_rows(layouts, space) for space, prefix in SPACES.items()}
    return render("amdvi_layout.py.j2", layouts=layouts, head=_layout, field=_field, tables=tables, places=places,
                  gates=[(text, gate_python(text, known)) for text in texts],
                  expression=lambda row: gate_python(row["layout"].gate, known, row["index"]))
