# SPDX-License-Identifier: Apache-2.0
"""Parser of the text form of a trace (docs of the trace format are normative)."""
from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path


class TraceError(Exception):
    """The file cannot be understood."""


@dataclass(frozen=True)
class Record:
    """One line."""

    line: int
    kind: str
    keys: dict[str, str]

    def has(self, key: str) -> bool:
        return key in self.keys

    def num(self, key: str, default: int | None = None) -> int:
        text = self.keys.get(key)
        if text is None:
            if default is None:
                raise TraceError(f"line {self.line}: {self.kind} needs {key}=")
            return default
        return device(text, self.line) if key == "dev" else number(text, self.line)

    def opt(self, key: str) -> int | None:
        return self.num(key) if key in self.keys else None

    def flag(self, key: str) -> bool:
        return bool(self.num(key, 0))

    def data(self, key: str = "data") -> bytes:
        try:
            return bytes.fromhex(self.keys[key])
        except (KeyError, ValueError):
            raise TraceError(f"line {self.line}: {self.kind} needs {key}= in hex") from None


def device(text: str, line: int) -> int:
    """A DeviceID: a number, or bus:device.function."""
    found = re.fullmatch(r"(?:0000:)?([0-9a-fA-F]{1,2}):([01]?[0-9a-fA-F])\.([0-7])", text)
    if not found:
        return number(text, line)
    bus, slot, function = (int(part, 16) for part in found.groups())
    return bus << 8 | slot << 3 | function


def number(text: str, line: int) -> int:
    try:
        return int(text, 16) if text[:2] in ("0x", "0X") else int(text, 10)
    except ValueError:
        raise TraceError(f"line {line}: {text!r} is not a number") from None


LABELS = {"t", "vm", "cpu"}
_REQUEST = "dev addr pasid priv"
KINDS: dict[str, tuple[str, str]] = {  # kind -> (required keys, optional keys)
    "mem": ("addr data", ""), "fill": ("addr len byte", ""), "memfile": ("addr file", "offset len zstd"),
    "mmio_write": ("off size value", ""), "mmio_read": ("off size", "value mask"),
    "pci_write": ("off size value", ""), "pci_read": ("off size", "value mask"),
    "vf_write": ("gid off size value", ""), "vf_read": ("gid off size", "value mask"),
    "vfc_write": ("gid off size value", ""), "vfc_read": ("gid off size", "value mask"), "run": ("", ""), "reset": ("", ""),
    "dma": ("dev addr len op", "pasid priv at data"), "ats": ("dev addr", "len pasid nw exec priv"),
    "pri": ("dev addr tag", "pasid priv r w x last"), "int": ("dev addr data", ""),
    "ok": ("", "pa len perm size data addr vector dest mode type"), "fault": ("", "kind reply flags"),
    "expect_mem": ("addr data", ""), "expect_event": ("log index", "kind dev dom pasid addr flags raw"),
    "expect_ppr": ("log index", "dev pasid addr tag flags"), "expect_ga": ("index", "tag dev"),
    "expect_count": ("log", "event ppr ga"), "expect_prg": ("dev index code", "pasid"),
    "expect_irq": ("kind", "gid vector count"), "expect_atc_inv": ("dev addr size", "pasid"),
}


def _pairs(words: list[str], line: int) -> dict[str, str]:
    out: dict[str, str] = {}
    for word in words:
        key, sep, value = word.partition("=")
        if not sep or not key or key in out:
            raise TraceError(f"line {line}: {word!r} is not a new key=value")
        out[key] = value
    return out


def _check(record: Record) -> None:
    if record.kind == "config":
        return
    if record.kind not in KINDS:
        raise TraceError(f"line {record.line}: unknown record {record.kind!r}")
    required, optional = (set(text.split()) for text in KINDS[record.kind])
    unknown = set(record.keys) - required - optional - LABELS
    missing = required - set(record.keys)
    if unknown or missing:
        raise TraceError(f"line {record.line}: {record.kind}: unknown {sorted(unknown)} missing {sorted(missing)}")


def _words(text: str) -> list[str]:
    out = []
    for word in text.split():
        if word.startswith("#"):
            break
        out.append(word)
    return out


def parse(text: str) -> list[Record]:
    """All records after the first, which names the format."""
    records: list[Record] = []
    started = False
    for line, raw in enumerate(text.splitlines(), 1):
        words = _words(raw)
        if not words:
            continue
        if not started:
            if words[:2] != ["amdvi-trace", "1"] or len(words) > 2:
                raise TraceError(f"line {line}: expected 'amdvi-trace 1'")
            started = True
            continue
        record = Record(line, words[0], _pairs(words[1:], line))
        _check(record)
        records.append(record)
    if not started:
        raise TraceError("no 'amdvi-trace 1'")
    return records


def load(path: Path) -> list[Record]:
    try:
        return parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise TraceError(str(error)) from None
