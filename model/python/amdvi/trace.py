# SPDX-License-Identifier: Apache-2.0
"""Traces: reading them, whatever their form, and writing them.

>>> for record in trace.open("file.trace"):
...     print(record.kind, record.keys)

Values of keys are numbers, bytes (data, raw) or text (file, vm, cpu, and whatever the text form writes as a name,
such as op or flags).
"""
from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, BinaryIO

from ._amdvi import ffi, lib
from ._hooks import Hooks, whole
from .errors import AmdviError, text

HOST = "host"
OPS = ("read", "write", "exec", "atomic")
ATS = ("untranslated", "translated")
REPLIES = ("abort", "zero", "drop")
IRQS = ("event", "ppr", "ga", "comwait", "msi")
SOURCES = ("text", "binary", "capture", "qemu-log", "ftrace")
FORMS = {"text": lib.AMDVI_TRACE_FORM_TEXT, "binary": lib.AMDVI_TRACE_FORM_BINARY}
FIELD_OF_TEXT = {lib.AMDVI_TRACE_KEY_FILE: "file", lib.AMDVI_TRACE_KEY_VM: "vm", lib.AMDVI_TRACE_KEY_CPU: "cpu"}
LABELS = (("t", lib.AMDVI_TRACE_KEY_T, lib.AMDVI_TRACE_TYPE_NUMBER), ("vm", lib.AMDVI_TRACE_KEY_VM,
          lib.AMDVI_TRACE_TYPE_TEXT), ("cpu", lib.AMDVI_TRACE_KEY_CPU, lib.AMDVI_TRACE_TYPE_TEXT))

Value = int | bytes | str


@dataclass
class Record:
    """One record. `config` holds the pairs of a config record; `line` is 0 in records that no file states."""

    kind: str
    keys: dict[str, Value] = field(default_factory=dict)
    config: dict[str, str] = field(default_factory=dict)
    comment: str | None = None
    line: int = 0


class TraceError(AmdviError):
    """A trace that cannot be read, or a record that cannot be written."""


def failure(status: int, error: Any) -> TraceError:
    name = text(lib.amdvi_trace_status_name(status)) or ""
    return TraceError((text(error.text) if error else None) or name, name)


# --- the grammar, from the library ---

@lru_cache(maxsize=None)
def _kinds() -> dict[str, int]:
    infos = ((kind, lib.amdvi_trace_kind_info(kind)) for kind in range(lib.AMDVI_TRACE_KINDS))
    return {text(info.name) or "": kind for kind, info in infos if info}


@lru_cache(maxsize=None)
def _kind_names() -> dict[int, str]:
    return {kind: name for name, kind in _kinds().items()}


@lru_cache(maxsize=None)
def _rules(kind: int) -> tuple[tuple[str, int, int], ...]:
    """(name, key, type) of the keys that a kind takes."""
    info = lib.amdvi_trace_kind_info(kind)
    rules = (info.rules[n] for n in range(info.rules_count))
    return tuple((text(lib.amdvi_trace_key_name(rule.key)) or "", rule.key, rule.type) for rule in rules) + LABELS


@lru_cache(maxsize=None)
def _events() -> tuple[str, ...]:
    return tuple(text(lib.amdvi_trace_event_name(code)) or "" for code in range(16))


def _joined(function: Callable[..., int]) -> Callable[[int], str]:
    def names(value: int) -> str:
        room = ffi.new("char[]", 256)
        function(value, room, 256)
        return text(room) or "0"
    return names


_flags_text, _ppr_text = _joined(lib.amdvi_trace_flags_text), _joined(lib.amdvi_trace_ppr_flags_text)


@lru_cache(maxsize=None)
def _flag_bits(ppr: bool) -> dict[str, int]:
    show = _ppr_text if ppr else _flags_text
    types = {} if ppr else {f"T{n}": n << lib.AMDVI_TRACE_FLAG_TYPE_SHIFT for n in range(1, 8)}
    return {show(1 << n): 1 << n for n in range(32)} | types  # all that the library has a name for


def _perm_text(value: int) -> str:
    return "".join(letter for bit, letter in enumerate("rwx") if value >> bit & 1) or "-"


def _flags_value(ppr: bool, value: str) -> int:
    bits = _flag_bits(ppr)
    return sum(bits[name] for name in value.split("+")) if value not in ("", "0") else 0


# type -> (text of a number, number of a text)
NAMED: dict[int, tuple[Callable[[int], str], Callable[[str], int]]] = {
    lib.AMDVI_TRACE_TYPE_OP: (OPS.__getitem__, OPS.index),
    lib.AMDVI_TRACE_TYPE_AT: (ATS.__getitem__, ATS.index),
    lib.AMDVI_TRACE_TYPE_REPLY: (REPLIES.__getitem__, REPLIES.index),
    lib.AMDVI_TRACE_TYPE_IRQ: (IRQS.__getitem__, IRQS.index),
    lib.AMDVI_TRACE_TYPE_EVENT: (lambda code: _events()[code], lambda name: _events().index(name)),
    lib.AMDVI_TRACE_TYPE_PERM: (_perm_text, lambda value: sum(1 << "rwx".index(c) for c in value if c != "-")),
    lib.AMDVI_TRACE_TYPE_FLAGS: (_flags_text, lambda value: _flags_value(False, value)),
    lib.AMDVI_TRACE_TYPE_PPR_FLAGS: (_ppr_text, lambda value: _flags_value(True, value)),
}
BYTES = (lib.AMDVI_TRACE_TYPE_BYTES, lib.AMDVI_TRACE_TYPE_OK_DATA)


def _value(c: Any, key: int, kind: int) -> Value:
    if kind in BYTES:
        return bytes(ffi.buffer(c.bytes, c.bytes_len)) if c.bytes else text(c.data_text) or ""
    if kind == lib.AMDVI_TRACE_TYPE_TEXT:
        return text(getattr(c, FIELD_OF_TEXT[key])) or ""
    number = int(c.num[key])
    if kind == lib.AMDVI_TRACE_TYPE_LOG:
        return HOST if number == (1 << 64) - 1 else number
    return NAMED[kind][0](number) if kind in NAMED else number


def from_c(c: Any) -> Record:
    """A copy of a record that belongs to a reader."""
    keys = {name: _value(c, key, kind) for name, key, kind in _rules(c.kind) if c.have >> key & 1}
    pairs = {text(c.pairs[n].key) or "": text(c.pairs[n].value) or "" for n in range(c.pairs_count)}
    return Record(_kind_names()[c.kind], keys, pairs, text(c.comment), c.line)


class _Native:
    """A record as the library takes it, with what it points to."""

    def __init__(self, record: Record) -> None:
        if record.kind not in _kinds():
            raise TraceError(f"no record kind {record.kind!r}")
        self.c = ffi.new("struct amdvi_trace_record *")
        self.alive: list[Any] = []
        lib.amdvi_trace_record_init(self.c, _kinds()[record.kind])
        rules = {name: (key, kind) for name, key, kind in _rules(self.c.kind)}
        for name, value in record.keys.items():
            if name not in rules:
                raise TraceError(f"{record.kind} takes no {name}=")
            self._set(*rules[name], value)
        self._config(record.config)
        if record.comment is not None:
            self.c.comment = self._string(record.comment)

    def _string(self, value: str) -> Any:
        self.alive.append(ffi.new("char[]", value.encode()))
        return self.alive[-1]

    def _config(self, settings: dict[str, str]) -> None:
        pairs = [(self._string(key), self._string(value)) for key, value in settings.items()]
        self.alive.append(ffi.new("struct amdvi_trace_pair[]", pairs))
        self.c.pairs, self.c.pairs_count = self.alive[-1], len(pairs)

    def _set(self, key: int, kind: int, value: Value) -> None:
        if kind in BYTES and isinstance(value, (bytes, bytearray)):
            self.alive.append(ffi.from_buffer(value))
            lib.amdvi_trace_set_bytes(self.c, key, self.alive[-1], len(value))
            if kind == lib.AMDVI_TRACE_TYPE_OK_DATA:
                self.c.data_text = self._string(value.hex())
        elif kind in BYTES:
            self.c.data_text = self._string(value if isinstance(value, str) else hex(value))  # type: ignore[arg-type]
            self.c.have |= 1 << key
        elif kind == lib.AMDVI_TRACE_TYPE_TEXT:
            setattr(self.c, FIELD_OF_TEXT[key], self._string(str(value)))
            self.c.have |= 1 << key
        else:
            self.c.have |= 1 << key
            self.c.num[key] = self._number(kind, value)

    @staticmethod
    def _number(kind: int, value: Any) -> int:
        if kind == lib.AMDVI_TRACE_TYPE_LOG and value == HOST:
            return (1 << 64) - 1
        if not isinstance(value, str):
            return int(value)
        try:
            return NAMED[kind][1](value) if kind in NAMED else int(value, 0)
        except (ValueError, KeyError):
            raise TraceError(f"no value {value!r}") from None


def format_record(record: Record) -> str:
    """The record's line in the text form."""
    native = _Native(record)
    error = ffi.new("struct amdvi_trace_error *")
    status = lib.amdvi_trace_record_check(native.c, error)
    if status < 0:
        raise failure(status, error)
    size = lib.amdvi_trace_format(native.c, ffi.NULL, 0) + 1
    room = ffi.new("char[]", size)
    lib.amdvi_trace_format(native.c, room, size)
    return text(room) or ""


# --- reading ---

@dataclass(frozen=True)
class Info:
    """What a source is, and how much can be concluded from it."""

    source: str
    compressed: bool
    can_check_translations: bool
    can_check_interrupts: bool
    can_check_stores: bool
    has_memory: bool
    can_seek: bool


class Reader:
    """Records of one trace, in order."""

    def __init__(self, pointer: Any, alive: Any = None) -> None:
        self._pointer, self._alive = ffi.gc(pointer, lib.amdvi_trace_close), alive
        self._record = ffi.new("struct amdvi_trace_record *")

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._pointer is not None:
            ffi.release(self._pointer)
            self._pointer = None

    @property
    def pointer(self) -> Any:
        if self._pointer is None:
            raise TraceError("the trace is closed")
        return self._pointer

    @property
    def info(self) -> Info:
        c = lib.amdvi_trace_info(self.pointer)
        return Info(SOURCES[c.source], c.compressed, c.can_check_translations, c.can_check_interrupts,
                    c.can_check_stores, c.has_memory, c.can_seek)

    def native(self) -> Iterator[Any]:
        """The library's own records, each valid until the next."""
        while (status := lib.amdvi_trace_next(self.pointer, self._record)) == lib.AMDVI_TRACE_OK:
            yield self._record
        if status != lib.AMDVI_TRACE_END:
            raise failure(status, lib.amdvi_trace_last_error(self.pointer))

    def __iter__(self) -> Iterator[Record]:
        return (from_c(record) for record in self.native())

    def seek(self, number: int) -> None:
        """The next record is number `number` of the file; binary traces only."""
        status = lib.amdvi_trace_seek(self.pointer, number)
        if status != lib.AMDVI_TRACE_OK:
            raise failure(status, lib.amdvi_trace_last_error(self.pointer))

    def import_counts(self) -> dict[str, int]:
        """What an importer met; all 0 for traces of our own forms."""
        c = lib.amdvi_trace_import_counts(self.pointer)
        fields = ffi.typeof("struct amdvi_trace_import_counts").fields
        return {name: getattr(c, name) for name, _ in fields} if c else {}


def _opened(call: Callable[[Any, Any, Any], int], keep_layout: bool, alive: Any = None) -> Reader:
    options = ffi.new("struct amdvi_trace_options *", {"keep_layout": keep_layout})
    out, error = ffi.new("struct amdvi_trace_reader **"), ffi.new("struct amdvi_trace_error *")
    status = call(options, out, error)
    if status != lib.AMDVI_TRACE_OK:
        raise failure(status, error)
    return Reader(out[0], alive)


def open(path: str | os.PathLike[str], keep_layout: bool = False) -> Reader:  # noqa: A001  as in gzip and tarfile
    """Opens a trace by content: text, binary, capture, QEMU log or ftrace, compressed or not. With `keep_layout`
    comments, blank lines and the header are records too."""
    name = os.fsencode(path)
    return _opened(lambda *rest: lib.amdvi_trace_open(name, *rest), keep_layout)


def loads(data: str | bytes, name: str = "trace", keep_layout: bool = False) -> Reader:
    """Opens a trace that is in memory."""
    raw = data.encode() if isinstance(data, str) else bytes(data)
    view = ffi.from_buffer(raw)
    return _opened(lambda *rest: lib.amdvi_trace_open_memory(view, len(raw), name.encode(), *rest), keep_layout,
                   (view, raw))


# --- writing ---

class Writer:
    """Writes records to a binary file object, in the form "text" or "binary"."""

    def __init__(self, file: BinaryIO, form: str = "text") -> None:
        self._hooks = Hooks()
        self._hooks.functions["trace_write"] = whole(file.write)
        out, error = ffi.new("struct amdvi_trace_writer **"), ffi.new("struct amdvi_trace_error *")
        status = lib.amdvi_trace_writer_open(FORMS[form], lib.amdvi_py_trace_write, self._hooks.handle, out, error)
        if status != lib.AMDVI_TRACE_OK:
            raise failure(status, error)
        self._pointer = ffi.gc(out[0], lib.amdvi_trace_writer_close)

    def _check(self, status: int) -> None:
        self._hooks.raise_kept()
        if status != lib.AMDVI_TRACE_OK:
            raise failure(status, lib.amdvi_trace_writer_error(self._pointer))

    def write(self, record: Record) -> None:
        """Refuses what the grammar does not allow; the writer stays usable."""
        native = _Native(record)  # must outlive the call: it owns what the record points to
        self._check(lib.amdvi_trace_write(self._pointer, native.c))

    def finish(self) -> None:
        """Writes what is pending, and the index of the binary form."""
        self._check(lib.amdvi_trace_writer_finish(self._pointer))

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.finish()
        ffi.release(self._pointer)


def dump(records: Iterable[Record], file: BinaryIO, form: str = "text") -> None:
    """Writes a whole trace."""
    with Writer(file, form) as writer:
        for record in records:
            writer.write(record)
