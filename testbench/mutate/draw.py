# SPDX-License-Identifier: Apache-2.0
"""Draws defects at random: a line of a function's body, one of the operators that apply to it, a place in it."""
from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDERS = ("tables", "cmdbuf", "model")
SWAPS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
LOGIC = {"&&": "||", "||": "&&"}
STRING = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])+\'|//.*|/\*.*?\*/')
COMPARE = re.compile(r"(?<= )(<=|>=|==|!=|<|>)(?= )")
JOIN = re.compile(r"&&|\|\|")
NUMBER = re.compile(r"(?<![\w.])(\d+)(?=[uUlL]*\b)(?!x)|(?<=[\w)\]]) ([+-])(?= \w)")
HINT = re.compile(r"(?<=, )[01](?=\))")  # what the compiler is to expect: it decides about speed alone
CONDITION = re.compile(r"\b(?:if|while) \(")
STATEMENT = re.compile(r"^\s+(?!return\b|break\b|continue\b|case\b|default\b|goto\b|else\b|if\b|for\b|while\b|do\b)"
                       r"(?:\*?[\w\]\[>.()*&-]+ (?:[-+|&^]|<<|>>)?= |[\w>.-]+\(|(?:\+\+|--)|[\w>.\[\]-]+(?:\+\+|--))[^{}]*;$")
DECLARED = re.compile(r"^\s+(?:const |static |struct |enum |unsigned |bool |u?int\d*(?:_t)? |size_t |void |char )")
HEAD = re.compile(r"^(?P<type>[a-z][\w *]*?[ *])(?P<name>\w+)\(")
SCALAR = re.compile(r"^(?:static |inline |const |WALK_\w+ )*(?:void|bool|enum \w+|u?int\d*(?:_t)?|unsigned|size_t)\s*$")


@dataclass(frozen=True)
class Mutant:
    file: str
    line: int  # from 1
    operator: str
    before: str
    after: str

    def name(self) -> str:
        return f"{self.file}:{self.line} {self.operator}: {self.before.strip()} -> {self.after.strip()}"


@dataclass(frozen=True)
class Line:
    file: str
    number: int
    text: str
    blank: str  # the same with strings and comments as spaces
    returns: str | None  # "", "0", or None where no early return can be written


def blanked(text: str) -> str:
    return STRING.sub(lambda found: " " * len(found[0]), text)


def early(head: str) -> str | None:
    found = HEAD.match(head)
    kind = found["type"].strip() if found else ""
    if not SCALAR.match(kind):
        return None
    return "" if kind.endswith("void") else "0"


def body_lines(file: str, text: str) -> Iterator[Line]:
    """Lines between a brace in the first column and the one that ends it; without comments of many lines."""
    inside = comment = False
    head = ""
    for number, line in enumerate(text.splitlines(), 1):
        if comment or (line.strip().startswith("/*") and "*/" not in line):
            comment = "*/" not in line
        elif line.startswith("{"):
            inside = True
        elif line.startswith("}"):
            inside = False
        elif inside and line.strip() and not line.startswith("#"):
            yield Line(file, number, line, blanked(line), early(head))
        elif not inside and HEAD.match(line):
            head = line


def replaced(line: Line, start: int, end: int, new: str) -> str:
    return line.text[:start] + new + line.text[end:]


def comparisons(line: Line) -> list[str]:
    return [replaced(line, *found.span(1), SWAPS[found[1]]) for found in COMPARE.finditer(line.blank)]


def logic(line: Line) -> list[str]:
    return [replaced(line, *found.span(), LOGIC[found[0]]) for found in JOIN.finditer(line.blank)]


def off_by_one(line: Line) -> list[str]:
    out = []
    text = HINT.sub(" ", line.blank) if "__builtin_expect(" in line.blank else line.blank
    for found in NUMBER.finditer(text):
        if found[2]:
            out.append(replaced(line, *found.span(2), "-" if found[2] == "+" else "+"))
        else:
            out.append(replaced(line, *found.span(1), str(int(found[1]) + 1)))
            if int(found[1]):
                out.append(replaced(line, *found.span(1), str(int(found[1]) - 1)))
    return out


def negated(line: Line) -> list[str]:
    """The whole condition where it ends on its line."""
    out = []
    for found in CONDITION.finditer(line.blank):
        depth = 1
        for at in range(found.end(), len(line.blank)):
            depth += {"(": 1, ")": -1}.get(line.blank[at], 0)
            if depth == 0:
                out.append(replaced(line, found.end(), at, f"!({line.text[found.end():at]})"))
                break
    return out


def is_statement(line: Line) -> bool:
    text = line.blank.rstrip()
    return bool(STATEMENT.match(text)) and not DECLARED.match(text) and text.count("(") == text.count(")")


def deleted(line: Line) -> list[str]:
    indent = line.text[:len(line.text) - len(line.text.lstrip())]
    return [indent + ";"] if is_statement(line) else []


def early_return(line: Line) -> list[str]:
    if line.returns is None or not is_statement(line):
        return []
    indent = line.text[:len(line.text) - len(line.text.lstrip())]
    return [f"{indent}return{' ' if line.returns else ''}{line.returns};"]


OPERATORS = {"comparison": comparisons, "logic": logic, "off by one": off_by_one, "negated condition": negated,
             "deleted statement": deleted, "early return": early_return}


def sources(root: Path) -> list[Path]:
    """What is compiled into the library and written by hand; the faces are libraries of their own."""
    found = (path for folder in FOLDERS for path in (root / folder).rglob("*.[ch]"))
    return sorted(path for path in found if not {"python", "systemc", "dpi", "include"} & set(path.relative_to(root).parts))


def candidates(root: Path) -> list[Line]:
    return [line for path in sources(root)
            for line in body_lines(str(path.relative_to(root)), path.read_text(encoding="utf-8"))
            if any(apply(line) for apply in OPERATORS.values())]


def draw(root: Path, seed: int) -> Iterator[Mutant]:
    """Without end; each mutant once."""
    lines, dice, seen = candidates(root), random.Random(seed), set()
    while True:
        line = dice.choice(lines)
        operator = dice.choice([name for name, apply in OPERATORS.items() if apply(line)])
        after = dice.choice(OPERATORS[operator](line))
        if (line.file, line.number, after) not in seen:
            seen.add((line.file, line.number, after))
            yield Mutant(line.file, line.number, operator, line.text, after)
