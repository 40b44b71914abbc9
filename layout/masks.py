# SPDX-License-Identifier: Apache-2.0
"""Reserved bits and register masks worked out in Python, independent of the generated C."""
from . import gate
from .emit_c import place, reserved_terms


def reserved(layout, variant, known, words):
    """Bits of the whole layout that must be 0 with these feature words."""
    always, gated = reserved_terms(layout, variant)
    return always | sum_masks(mask for text, mask in gated.items() if not gate.holds(text, known, words))


def sum_masks(masks):
    result = 0
    for mask in masks:
        result |= mask
    return result


def register(row, known, words):
    """The struct reg_mask of one register instance."""
    layout, index = row["layout"], row["index"]
    if not gate.holds(layout.gate, known, words, index):
        return {"exists": 0, "rw": 0, "w1c": 0, "ro": 0, "custom": 0, "reset": 0}
    here = [f for f in layout.fields if gate.holds(f.gate, known, words, index)]

    def of(*kinds):
        return sum_masks(f.wide_mask for f in here if f.access in kinds)

    return {"exists": 1, "rw": of("rw", "custom"), "w1c": of("rw1c"), "ro": of("ro"), "custom": of("custom"),
            "reset": sum_masks(place(f, f.reset) for f in here)}
