# SPDX-License-Identifier: Apache-2.0
"""The C outputs: accessor headers, register masks and the decoder's tables."""
from . import gate
from .render import render
from .spec import identifier, instances

SPACES = {"mmio": "reg", "vf": "vf", "vfc": "vfc", "ctr": "ctr"}


def hexa(value):
    return f"UINT64_C({value:#x})"


def get_expression(layout, field):
    return " | ".join(_get_piece(layout, p) for p in field.pieces)


def _get_piece(layout, piece):
    word = f"w[{piece.word}]" if layout.bits > 64 else "e"
    if piece.width == 64:
        return word
    if piece.at == piece.shift:
        return f"({word} & {hexa(piece.mask)})"
    down = f"({word} >> {piece.shift})" if piece.shift else word
    inner = f"({down} & {hexa(piece.ones)})"
    return f"({inner} << {piece.at})" if piece.at else inner


def set_lines(layout, field):
    return [_set_piece(layout, p) for p in field.pieces]


def _set_piece(layout, piece):
    word = f"w[{piece.word}]" if layout.bits > 64 else "e"
    if piece.width == 64:
        return f"{word} = v;"
    if piece.at == piece.shift:
        return f"{word} = ({word} & ~{hexa(piece.mask)}) | (v & {hexa(piece.mask)});"
    value = f"(v >> {piece.at})" if piece.at else "v"
    placed = f"({value} & {hexa(piece.ones)})" + (f" << {piece.shift}" if piece.shift else "")
    return f"{word} = ({word} & ~{hexa(piece.mask)}) | ({placed});"


def split(mask, words):
    return [mask >> 64 * i & (1 << 64) - 1 for i in range(words)]


def reserved_terms(layout, variant):
    """(always, {gate: mask}) of the reserved bits of one variant ("" is the part that all variants share)."""
    always, gated = 0, {}
    for f in layout.fields:
        if f.reserved or variant in f.reserved_in:
            always |= f.wide_mask
        elif f.gate:
            gated[f.gate] = gated.get(f.gate, 0) | f.wide_mask
    return always, {text: mask & ~always for text, mask in gated.items() if mask & ~always}


def reserved_functions(layout, known):
    """Context of each <layout>[_<variant>]_reserved function."""
    for variant in ("",) + layout.variants:
        always, gated = reserved_terms(layout, variant)
        if not always and not gated and not variant:
            continue
        lines = [(gate.to_c(text, known), [(i, m) for i, m in enumerate(split(mask, layout.words)) if m])
                 for text, mask in gated.items()]
        name = f"{layout.name}_{variant}_reserved" if variant else f"{layout.name}_reserved"
        yield {"name": name, "layout": layout, "variant": variant, "always": split(always, layout.words),
               "gated": lines}


def value_constants(layout):
    """(constant, value) of all enumerated fields; values called reserved get no constant."""
    for f in layout.named:
        for value, name in f.values.items():
            if not name.startswith("RESERVED"):
                yield f"{layout.name}_{f.ident}_{identifier(name)}".upper(), value


def layout_header(room, layouts, known):
    mine = [layout for layout in layouts if layout.room == room]
    return render("layout.h.j2", room=room, layouts=mine, reserved=lambda l: reserved_functions(l, known),
                  get=get_expression, set=set_lines, constants=lambda l: list(value_constants(l)), hexa=hexa,
                  spans=[l for l in mine if l.space and l.offset is not None],
                  commands=[l for l in mine if l.opcode is not None], events=[l for l in mine if l.code is not None],
                  gate=lambda text: gate.to_c(text, known))


def register_rows(layouts, space):
    """Every register instance of a space in offset order."""
    rows = [{"offset": offset, "layout": layout, "index": index, "name": name,
             "id": f"{SPACES[space]}_{name}".upper()}
            for layout in layouts if layout.space == space for index, offset, name in instances(layout)]
    return sorted(rows, key=lambda row: row["offset"])


def _rules(row):
    """(gate, kind, mask) triples of one register; masks of one gate and kind are joined."""
    sums = {}
    for f in row["layout"].fields:
        for kind in {"rw": ("rw",), "custom": ("rw", "custom"), "rw1c": ("w1c",), "ro": ("ro",)}.get(f.access, ()):
            key = (f.gate, kind)
            sums[key] = sums.get(key, 0) | f.wide_mask
        if f.reset:
            sums[f.gate, "reset"] = sums.get((f.gate, "reset"), 0) | place(f, f.reset)
    return [(text, kind, mask) for (text, kind), mask in sums.items()]


def place(field, value):
    return sum((value >> p.at & p.ones) << p.lsb for p in field.pieces)


def register_space(layouts, space, known):
    """Context of one register table: rows, the distinct gates as C, and the rules that name them."""
    rows = register_rows(layouts, space)
    gates, rules = [], []

    def number(text, index):
        expression = gate.to_c(text, known, index) if text else "1"
        if expression not in gates:
            gates.append(expression)
        return gates.index(expression)

    for row in rows:
        exists = number(row["layout"].gate, row["index"])
        rules.append((row["id"], "exists", exists, exists, 1))
        rules += [(row["id"], kind, exists, number(text, row["index"]), mask) for text, kind, mask in _rules(row)]
    return {"space": space, "prefix": SPACES[space], "rows": rows, "gates": gates, "rules": rules}


def register_sources(layouts, known, places):
    spaces = [register_space(layouts, space, known) for space in SPACES]
    return (render("registers.h.j2", spaces=spaces, places=places), render("registers.c.j2", spaces=spaces, hexa=hexa))


def layout_tables(layouts):
    numbers = {layout.name: i for i, layout in enumerate(layouts)}
    tables = {space: register_rows(layouts, space) for space in SPACES}
    return render("layout_tables.c.j2", layouts=layouts, numbers=numbers, tables=tables)
