# SPDX-License-Identifier: Apache-2.0
"""The compliance table: what is described, where it comes from, and how much of it the model does."""
from collections import Counter

from .load import ROOMS
from .render import render


def _row(what, bits, item, gate, status):
    extras = [item.note] + ([f"access {item.access}"] if getattr(item, "access", "") else [])
    return {"what": what, "bits": bits, "doc": item.doc, "section": item.section, "source": item.source, "gate": gate,
            "status": status, "switch": item.switch, "tests": item.tests, "note": "; ".join(t for t in extras if t)}


def _rows(layout):
    yield _row(f"**{layout.name}** {layout.title}", str(layout.bits), layout, layout.gate, layout.status)
    for f in layout.named:
        yield _row(f"{layout.name}.{f.name}", f.bit_text, f, f.gate, f.status or layout.status)


def compliance(layouts):
    rooms = {room: [row for l in layouts if l.room == room for row in _rows(l)] for room in ROOMS}
    counts = {room: Counter(row["status"] or "not stated" for row in rows) for room, rows in rooms.items()}
    return render("compliance.md.j2", rooms=rooms, counts=counts)
