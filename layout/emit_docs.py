# SPDX-License-Identifier: Apache-2.0
"""The rows of the compliance table: what is described, where it comes from, and how much of it the model does."""
import json
import re

SILICON = {"LX", "LX61", "LX72", "LX73", "FB", "FBSD", "XN", "AG", "SIL", "ASP", "OX", "RD", "DM", "ML", "CB", "PCI", "HDR",
           "NOVA", "types", "viommu24", "viommu25", "viommu26", "iommu26", "migr", "all"}
GUESS = {"mem", "inf", "inferred", "by position"}


def confidence(source):
    """How good the ground of the layout is (iommu 14): what stands before a semicolon is about the layout."""
    layout, _, more = source.partition(";")
    tags = [re.sub(r"\s*\(.*?\)", "", tag).strip() for tag in layout.split(",")]
    known = [tag for tag in tags if tag and tag not in GUESS]
    if not known or "presence" in more or "fields inf" in more:
        return "weak"
    silicon = [tag for tag in known if tag in SILICON or re.match(r"RFC \d", tag)]
    return "solid" if len(silicon) >= 2 or "all" in known else "medium"


def _row(layout, item, name, bits):
    return {"room": layout.room, "layout": layout.name, "title": layout.title, "field": name, "bits": bits, "doc": item.doc,
            "section": item.section, "source": item.source, "confidence": confidence(item.source),
            "gate": item.gate or layout.gate, "status": item.status or layout.status, "switch": item.switch,
            "note": item.note, "access": item.access}


def compliance(layouts):
    rows = []
    for layout in layouts:
        rows.append(_row(layout, layout, "", str(layout.bits)))
        rows += [_row(layout, f, f.name, f.bit_text) for f in layout.named]
    return json.dumps(rows, indent=1) + "\n"
