# SPDX-License-Identifier: GPL-2.0-only
"""Definitions for what neither kernel nor glue defines: traps that name the function, functions that do nothing, data."""
from __future__ import annotations

import fnmatch
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .errors import KernelError

KERNEL = Path(__file__).resolve().parent.parent / "kernel"
POLICY = KERNEL / "stubs.policy"
DATA_BYTES = 8192


@dataclass(frozen=True)
class Rule:
    kind: str  # zero, error, keep, function, data
    pattern: str
    number: int = 0


@dataclass
class Report:
    """Names by what became of them."""

    names: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, name: str) -> None:
        self.names.setdefault(kind, []).append(name)

    def text(self) -> str:
        return "".join(f"{kind} {len(names)}: {' '.join(names)}\n" for kind, names in sorted(self.names.items()))


def read_policy(path: Path = POLICY) -> list[Rule]:
    rules = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        kind, *rest = words
        if kind in ("zero", "keep", "function") and len(rest) == 1:
            rules.append(Rule(kind, rest[0]))
        elif kind in ("error", "data") and len(rest) == 2 and re.fullmatch(r"-?\d+", rest[0]):
            rules.append(Rule(kind, rest[1], int(rest[0])))
        else:
            raise KernelError(f"{path}:{number}: '{line}' is no rule")
    return rules


def undefined(joined: Path) -> list[str]:
    listing = subprocess.run(["nm", "-u", str(joined)], capture_output=True, text=True, check=True)
    return sorted({line.split()[-1] for line in listing.stdout.splitlines() if line.strip()})


def called(joined: Path) -> set[str]:
    """Symbols that some instruction calls or jumps to."""
    listing = subprocess.run(["readelf", "-rW", str(joined)], capture_output=True, text=True, check=True)
    return set(re.findall(r"R_X86_64_PLT32\s+\S+\s+(\S+)", listing.stdout))


def from_linker() -> set[str]:
    """What the linker fragment and the linker itself define."""
    text = (KERNEL / "kshim.lds").read_text(encoding="utf-8")
    return set(re.findall(r"(\w+)\s*=\s*\.\s*;", text)) | {"__start___bug_table", "__stop___bug_table"}


def head(name: str, section: str, kind: str) -> str:
    return f"\t{section}\n\t.globl {name}\n\t.hidden {name}\n\t.type {name}, @{kind}\n{name}:\n"


def body(rule: Rule, name: str) -> str:
    if rule.kind == "zero":
        return head(name, ".text", "function") + "\txorl %eax, %eax\n\tret\n"
    if rule.kind == "error":
        return head(name, ".text", "function") + f"\tmovq ${rule.number}, %rax\n\tret\n"
    if rule.kind == "keep":
        return head(name, ".text", "function") + "\tret\n"
    if rule.kind == "data":
        return head(name, ".data", "object").replace(f"{name}:", f"\t.balign 64\n{name}:") + f"\t.zero {rule.number}\n"
    return (head(name, ".text", "function") + "\tleaq 1f(%rip), %rdi\n\tandq $-16, %rsp\n\tcall kshim_stub\n"
            f"\t.section .rodata\n1:\t.asciz \"{name}\"\n")


def choose(name: str, is_called: bool, rules: list[Rule]) -> Rule:
    for rule in rules:
        if fnmatch.fnmatchcase(name, rule.pattern):
            return rule
    return Rule("function", name) if is_called else Rule("data", name, DATA_BYTES)


def generate(joined: Path) -> tuple[str, Report]:
    """Assembly with all missing definitions, and what was done."""
    rules, calls, report = read_policy(), called(joined), Report()
    parts = ["# SPDX-License-Identifier: GPL-2.0-only\n# Generated: definitions for what is missing.\n"]
    known = from_linker()
    for name in undefined(joined):
        if name in known:
            continue
        rule = choose(name, name in calls, rules)
        report.add("trap" if rule.kind == "function" else rule.kind, name)
        parts.append(body(rule, name))
    parts.append("\t.section .note.GNU-stack, \"\", @progbits\n")
    return "".join(parts), report


def lines(report: Report) -> Iterator[str]:
    for kind, names in sorted(report.names.items()):
        yield f"{len(names)} {kind}"
