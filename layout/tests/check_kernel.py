# SPDX-License-Identifier: Apache-2.0
"""Compares the layout descriptions with the constants of the Linux AMD IOMMU driver.

The driver is an independent witness that runs on silicon. Only its constants are read, from the distribution's
source package, into the build tree. kernel_map.yaml says which constant belongs to which field.

    /usr/bin/python3 layout/tests/check_kernel.py --work <build folder>"""
import argparse
import ast
import functools
import re
import subprocess
import sys
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))
from layout import load  # noqa: E402  the package lies in the root of the tree

TARBALL = Path("/usr/src/linux-source-6.12.tar.xz")
HEADER = "linux-source-6.12/drivers/iommu/amd/amd_iommu_types.h"
FLAGS_LSB = 48


def header_text(work):
    """Text of the driver's header, extracted once."""
    path = Path(work, HEADER)
    if not path.exists():
        Path(work).mkdir(parents=True, exist_ok=True)
        subprocess.run(["tar", "xf", TARBALL, "-C", work, "--occurrence=1", HEADER], check=True)
    return path.read_text(encoding="utf-8")


def mapping():
    return yaml.safe_load((HERE / "kernel_map.yaml").read_text(encoding="utf-8"))


@functools.cache
def macros(text):
    return Macros(text)


class Macros:
    """The #define lines of a header, with a small evaluator for the expressions that occur in them."""

    def __init__(self, text):
        text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S).replace("\\\n", " ")
        self.bodies = {}
        for name, argument, body in re.findall(r"^#define\s+(\w+)(\(\w+\))?[ \t]+(.+)$", text, flags=re.M):
            self.bodies[name] = (argument.strip("()"), body.strip())

    @functools.cache
    def value(self, name, argument=0):
        parameter, body = self.bodies[name]
        body = re.sub(r"\((?:u32|u16|u64)\)", "", body)
        body = re.sub(r"\b(0x[0-9a-fA-F]+|\d+)(?:ULL|UL|U)\b", r"\1", body)
        tree = ast.parse(body, mode="eval").body
        return self._value(tree, {parameter: argument} if parameter else {}) & (1 << 64) - 1

    def _value(self, node, scope):
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            return scope[node.id] if node.id in scope else self.value(node.id)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Invert):
            return ~self._value(node.operand, scope)
        if isinstance(node, ast.BinOp):
            return _binary(node.op, self._value(node.left, scope), self._value(node.right, scope))
        if isinstance(node, ast.Call):
            return self._call(node.func.id, [self._value(a, scope) for a in node.args])
        raise ValueError(f"cannot evaluate {ast.dump(node)}")

    def _call(self, name, arguments):
        if name in ("BIT", "BIT_ULL"):
            return 1 << arguments[0]
        if name == "GENMASK_ULL":
            high, low = arguments
            return (1 << high + 1) - (1 << low)
        return self.value(name, arguments[0])


def _binary(operator, left, right):
    if isinstance(operator, ast.LShift):
        return left << right
    if isinstance(operator, ast.RShift):
        return left >> right
    if isinstance(operator, ast.BitOr):
        return left | right
    if isinstance(operator, ast.Sub):
        return left - right
    return left & right


def union_members(text, union, number):
    """{member: (first bit, width)} of the number-th structure in a union."""
    body = re.search(rf"^union {union} \{{(.*?)^\}}", text, flags=re.S | re.M)[1]
    body = re.sub(r"/\*.*?\*/", " ", body, flags=re.S)
    structure = re.findall(r"struct \{(.*?)\}", body, flags=re.S)[number]
    members, bit = {}, 0
    for name, width in re.findall(r"(\w+)\s*:\s*(\d+)", structure):
        members[name] = (bit, int(width))
        bit += int(width)
    return members


class Compare:
    """Runs the map; .checked counts comparisons, .failures holds one line per difference."""

    def __init__(self, layouts, spaces, text, names):
        self.layouts = {layout.name: layout for layout in layouts}
        self.text, self.macros = text, macros(text)
        self.checked, self.failures = 0, []
        for name, (space, key) in names["spaces"].items():
            self._same(name, f"{space}.{key}", self.macros.value(name), spaces[space][key])
        for kind in ("offsets", "opcodes", "codes"):
            self._layouts(kind, names[kind])
        for kind in ("bits", "word_bits", "masks", "flags", "ones", "values", "placed"):
            for name, target in names[kind].items():
                self._same(name, target, self.macros.value(name), getattr(self, "_" + kind)(target))
        for kind in ("readers", "address_pieces"):
            for name, target in names[kind].items():
                getattr(self, "_" + kind)(name, target)
        for union in names["unions"]:
            self._union(union)

    def _same(self, name, target, kernel, ours):
        self.checked += 1
        if kernel != ours:
            self.failures.append(f"{name}: kernel {kernel:#x}, {target} {ours:#x}")

    def _field(self, target):
        layout, field = target.split(".", 1)
        found = self.layouts[layout].field(field)
        if found is None:
            raise KeyError(f"{target} is not described")
        return found

    def _piece(self, target):
        """(piece, extra bit offset) of layout.field[#piece][+offset]."""
        target, _, extra = target.partition("+")
        target, _, number = target.partition("#")
        return self._field(target).pieces[int(number or 0)], int(extra or 0)

    def _layouts(self, kind, names):
        attribute = {"offsets": "offset", "opcodes": "opcode", "codes": "code"}[kind]
        for name, target in names.items():
            self._same(name, target, self.macros.value(name), getattr(self.layouts[target], attribute))

    def _bits(self, target):
        piece, extra = self._piece(target)
        return piece.lsb + extra

    def _word_bits(self, target):
        return self._piece(target)[0].shift

    def _masks(self, target):
        return self._piece(target)[0].mask

    def _flags(self, target):
        return self._piece(target)[0].mask >> FLAGS_LSB

    def _ones(self, target):
        return self._piece(target)[0].ones

    def _values(self, target):
        target, _, wanted = target.partition("=")
        values = self._field(target).values
        return int(wanted) if wanted.isdigit() else next(v for v, n in values.items() if n == wanted)

    def _placed(self, target):
        return self._values(target) << self._piece(target.partition("=")[0])[0].shift

    def _readers(self, name, target):
        field = self._field(target)
        for bit in range(64):
            ours = sum((1 << bit >> p.lsb & p.ones) << p.at for p in field.pieces)
            if self.macros.value(name, 1 << bit) != ours:
                self.failures.append(f"{name}: {target} reads bit {bit} differently")
        self.checked += 1

    def _address_pieces(self, name, target):
        piece, _ = self._piece(target)
        for bit in range(64):
            if self.macros.value(name, 1 << bit) != 1 << bit >> piece.at & piece.ones:
                self.failures.append(f"{name}: {target} takes address bit {bit} differently")
        self.checked += 1

    def _union(self, union):
        members = union_members(self.text, union["union"], union["struct"])
        for member, name in union["members"].items():
            first, width = members[member]
            pieces = self._field(f"{union['layout']}.{name}").pieces
            self.checked += 1
            if (first + union["base"], width) not in [(p.lsb, p.width) for p in pieces]:
                self.failures.append(f"{union['union']}.{member}: {union['layout']}.{name} lies elsewhere")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=HERE.parents[1])
    parser.add_argument("--work", type=Path, required=True)
    arguments = parser.parse_args()
    if not TARBALL.exists():
        print(f"skipped: {TARBALL} is not installed")
        return 0
    result = Compare(load.load_tree(arguments.root), load.load_spaces(arguments.root), header_text(arguments.work), mapping())
    print("\n".join(result.failures + [f"{result.checked} constants compared, {len(result.failures)} differ"]))
    return 1 if result.failures else 0


if __name__ == "__main__":
    sys.exit(main())
