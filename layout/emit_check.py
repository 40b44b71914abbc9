# SPDX-License-Identifier: Apache-2.0
"""Check cases for the generated accessors, reserved masks and register masks."""
from . import masks
from .emit_c import SPACES, hexa, register_rows, split
from .render import render

ALL = (1 << 64) - 1
# Feature words: none, all, alternating bits, and two that real machines report (iommu 11.1).
FEATURES = ((0, 0, 0), (ALL, ALL, 0xFFFFFFFF), (0x5555555555555555, 0x5555555555555555, 0x55555555),
            (0xAAAAAAAAAAAAAAAA, 0xAAAAAAAAAAAAAAAA, 0xAAAAAAAA), (0x058F77EF22294ADE, 0, 0x190B640F),
            (0x25BF732FA2295AFE, 0x1D, 0x190B640F))


def _words(features):
    return dict(zip(("efr", "efr2", "cap"), features))


def _reserved_cases(layouts, known):
    for layout in layouts:
        for variant in ("",) + layout.variants:
            if (layout.space and not layout.variants) or not any(masks.reserved_terms(layout, variant)):
                continue
            name = f"{layout.name}_{variant}_reserved" if variant else f"{layout.name}_reserved"
            for features in FEATURES:
                mask = masks.reserved(layout, variant, known, _words(features))
                yield {"name": name, "layout": layout, "features": features, "expect": split(mask, layout.words)}


def _register_cases(layouts, known):
    for space, prefix in SPACES.items():
        rows = register_rows(layouts, space)
        yield {"prefix": prefix, "rows": rows,
               "expect": [(f, [masks.register(row, known, _words(f)) for row in rows]) for f in FEATURES]}


def check_source(layouts, known):
    return render("check_layout.c.j2", layouts=[l for l in layouts if l.named], hexa=hexa,
                  reserved=list(_reserved_cases(layouts, known)), spaces=list(_register_cases(layouts, known)),
                  features=FEATURES, image_bytes=8 * max(l.words for l in layouts))
