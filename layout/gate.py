# SPDX-License-Identifier: Apache-2.0
"""Gates: conditions over the feature words, written with field names (`efr.GTSup and not efr2.TMPMSup`).

The bit positions come from the descriptions of the feature registers themselves. `index` is the number of
an array element and `bits(index)` the number of bits needed to write it."""
import ast
import operator

from .spec import SpecError

WORDS = {"efr": "reg_efr", "efr2": "reg_efr2", "cap": "cap_header"}
COMPARE = {ast.Eq: ("==", operator.eq), ast.NotEq: ("!=", operator.ne), ast.Lt: ("<", operator.lt),
           ast.LtE: ("<=", operator.le), ast.Gt: (">", operator.gt), ast.GtE: (">=", operator.ge)}


def features(layouts):
    """{"efr": {"GTSup": Piece, ...}, ...} of the described feature registers."""
    by_name = {layout.name: layout for layout in layouts}
    return {word: {f.name: f.pieces[0] for f in by_name[name].named} if name in by_name else {}
            for word, name in WORDS.items()}


def _parse(text):
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError:
        raise SpecError(f"gate {text!r} cannot be read") from None


def _piece(node, known):
    word = node.value.id if isinstance(node.value, ast.Name) else "?"
    if word not in known or node.attr not in known[word]:
        raise SpecError(f"unknown gate {word}.{node.attr}")
    return word, known[word][node.attr]


def _constant(node, index):
    """The value of an index expression or a number, None for everything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return node.value
    if isinstance(node, ast.Name) and node.id == "index":
        return index
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "bits" and len(node.args) == 1:
        inner = _constant(node.args[0], index)
        return None if inner is None else inner.bit_length()
    return None


def to_c(text, known, index=0):
    """The gate as a C expression over efr, efr2 and cap."""
    return _c(_parse(text), known, index)


def _c(node, known, index):
    constant = _constant(node, index)
    if constant is not None:
        return f"{constant}u"
    if isinstance(node, ast.BoolOp):
        sign = " && " if isinstance(node.op, ast.And) else " || "
        return "(" + sign.join(_c(v, known, index) for v in node.values) + ")"
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return f"!{_c(node.operand, known, index)}"
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARE:
        left, right = _c(node.left, known, index), _c(node.comparators[0], known, index)
        if isinstance(node.ops[0], ast.GtE) and right == "0u":
            return "1u"
        return f"({left} {COMPARE[type(node.ops[0])][0]} {right})"
    if isinstance(node, ast.Attribute):
        word, piece = _piece(node, known)
        return f"({word} >> {piece.lsb} & {piece.ones:#x}u)"
    raise SpecError(f"gate {ast.unparse(node)!r} uses something gates do not have")


def holds(text, known, words, index=0):
    """The gate's value for {"efr": ..., "efr2": ..., "cap": ...}; an empty gate always holds."""
    return bool(_value(_parse(text), known, words, index)) if text else True


def _value(node, known, words, index):
    constant = _constant(node, index)
    if constant is not None:
        return constant
    if isinstance(node, ast.BoolOp):
        results = [_value(v, known, words, index) for v in node.values]
        return all(results) if isinstance(node.op, ast.And) else any(results)
    if isinstance(node, ast.UnaryOp):
        return not _value(node.operand, known, words, index)
    if isinstance(node, ast.Compare):
        test = COMPARE[type(node.ops[0])][1]
        return test(_value(node.left, known, words, index), _value(node.comparators[0], known, words, index))
    word, piece = _piece(node, known)
    return words[word] >> piece.lsb & piece.ones
