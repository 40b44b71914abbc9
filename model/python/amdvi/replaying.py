# SPDX-License-Identifier: Apache-2.0
"""Replays a trace on a device of its own and checks what the trace expects."""
from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import trace
from ._amdvi import ffi, lib
from ._hooks import Hooks
from .config import Value, written
from .errors import AmdviError, text


@dataclass(frozen=True)
class CheckFailure:
    """A check that did not hold."""

    line: int
    kind: str
    text: str


@dataclass
class Replay:
    """What became of a trace. `stated` has the results of requests without an expectation, if asked for."""

    counts: dict[str, int] = field(default_factory=dict)
    failures: list[CheckFailure] = field(default_factory=list)
    stated: list[tuple[int, trace.Record]] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return self.counts.get("failed", 0) == 0


class _Player:
    """One run of amdvi_replay, and what its options point to."""

    def __init__(self, name: str, directory: str, settings: Mapping[str, Value], state_results: bool,
                 memory_limit: int, memfile_anywhere: bool) -> None:
        self.outcome, self.hooks = Replay(), Hooks()
        self.hooks.functions = {"verdict": self._verdict, "result": self._result}
        self.strings = [(ffi.new("char[]", key.encode()), ffi.new("char[]", written(value).encode()))
                        for key, value in settings.items()]
        self.pairs = ffi.new("struct amdvi_trace_pair[]", self.strings)
        self.name, self.directory = ffi.new("char[]", name.encode()), ffi.new("char[]", os.fsencode(directory))
        options = ffi.new("struct amdvi_replay_options *", {
            "name": self.name, "directory": self.directory, "settings": self.pairs,
            "settings_count": len(self.strings), "state_results": state_results, "context": self.hooks.handle,
            "verdict": lib.amdvi_py_verdict, "memory_limit": memory_limit,
            "memfile_anywhere": memfile_anywhere})
        if state_results:
            options.result = lib.amdvi_py_result
        out = ffi.new("struct amdvi_replay **")
        if lib.amdvi_replay_create(options, out) != lib.AMDVI_REPLAY_OK:
            raise AmdviError("no memory for a replay", "NO_MEMORY")
        self.pointer = ffi.gc(out[0], lib.amdvi_replay_destroy)

    def _verdict(self, verdict: Any) -> None:
        if not verdict.held:
            failure = CheckFailure(verdict.line, text(verdict.kind) or "", text(verdict.text) or "")
            self.outcome.failures.append(failure)

    def _result(self, request: Any, record: Any) -> None:
        self.outcome.stated.append((request.line, trace.from_c(record)))

    def _check(self, status: int) -> None:
        self.hooks.raise_kept()
        if status != lib.AMDVI_REPLAY_OK:
            raise trace.TraceError(text(lib.amdvi_replay_error(self.pointer)) or "", "SYNTAX")

    def play(self, reader: trace.Reader) -> Replay:
        for record in reader.native():
            self._check(lib.amdvi_replay_record(self.pointer, record))
        self._check(lib.amdvi_replay_finish(self.pointer))
        counts = lib.amdvi_replay_counts(self.pointer)
        self.outcome.counts = {name: getattr(counts, name) for name, _ in ffi.typeof(counts).item.fields}
        return self.outcome


def replay(path: str | os.PathLike[str], settings: Mapping[str, Value] | None = None, *, state_results: bool = False,
           memory_limit: int = 0, memfile_anywhere: bool = False) -> Replay:
    """Plays a trace of any kind. `settings` win over the trace's own configuration. `memory_limit`: most bytes of this
    machine for the trace's memory, 0: no limit. `memfile_anywhere`: a memfile may lie outside the trace's folder."""
    name = os.fspath(path)
    player = _Player(name, os.path.dirname(name) or ".", settings or {}, state_results, memory_limit, memfile_anywhere)
    with trace.open(name) as reader:
        return player.play(reader)


def replay_text(text_of_trace: str | bytes, settings: Mapping[str, Value] | None = None, *, name: str = "trace",
                directory: str = ".", state_results: bool = False) -> Replay:
    """The same for a trace in memory."""
    player = _Player(name, directory, settings or {}, state_results, 0, False)
    with trace.loads(text_of_trace, name) as reader:
        return player.play(reader)
