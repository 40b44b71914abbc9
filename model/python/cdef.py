# SPDX-License-Identifier: Apache-2.0
"""The declarations that cffi needs, made from the public headers: no declaration is typed twice.

    cdef.py COMPILER INCLUDE_DIR...     prints them
"""
from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

HEADERS = ("amdvi.h", "status.h", "configuration.h", "surroundings.h", "devices.h", "requests.h", "viommu.h", "observe.h", "inspect.h",
           "reasons.h", "host.h", "inject.h", "ivrs.h", "layout.h", "lint.h", "external.h", "timed.h", "sparse_memory.h",
           "trace.h", "replay.h", "recorder.h")
SYSTEM = ("stdbool.h", "stddef.h", "stdint.h", "stdio.h")
HERE = Path(__file__).resolve().parent
SUPPORT = HERE / "support.h"
INLINE = re.compile(r"static inline [^{;]*\{")
PUBLIC = re.compile(r"\bamdvi_\w+\(")
CONSTANT = re.compile(r"^#define (AMDVI_\w+)[ \t]+([^\s/].*)$", re.MULTILINE)

# Functions that C calls and Python implements; their bodies are in amdvi/_hooks.py.
CALLBACKS = """
extern "Python" {
    enum amdvi_memory_result amdvi_py_read(void *, uint64_t, void *, size_t);
    enum amdvi_memory_result amdvi_py_write(void *, uint64_t, const void *, size_t);
    enum amdvi_memory_result amdvi_py_compare_exchange(void *, uint64_t, uint64_t, uint64_t, uint64_t *);
    void amdvi_py_irq(void *, const struct amdvi_irq *);
    enum amdvi_atc_answer amdvi_py_atc_invalidate(void *, const struct amdvi_atc_invalidation *);
    void amdvi_py_prg_response(void *, const struct amdvi_prg_response *);
    void amdvi_py_access(void *, const struct amdvi_access_info *);
    void amdvi_py_request(void *, const struct amdvi_request *, const struct amdvi_result *);
    void amdvi_py_interrupt(void *, uint16_t, uint64_t, uint32_t, const struct amdvi_int_result *);
    void amdvi_py_command(void *, const struct amdvi_command_info *);
    void amdvi_py_event(void *, const struct amdvi_event_info *);
    void amdvi_py_mmio(void *, bool, uint64_t, unsigned, uint64_t);
    int amdvi_py_mapping(void *, const struct amdvi_mapping *);
    void amdvi_py_hit(void *, const struct amdvi_hit_info *);
    void amdvi_py_guest_mmio(void *, uint16_t, bool, bool, uint64_t, unsigned, uint64_t);
    void amdvi_py_pci(void *, bool, unsigned, unsigned, uint64_t);
    void amdvi_py_page_request(void *, const struct amdvi_page_request *, const struct amdvi_page_request_result *);
    int amdvi_py_trace_write(void *, const void *, size_t);
    void amdvi_py_verdict(void *, const struct amdvi_replay_verdict *);
    void amdvi_py_result(void *, const struct amdvi_trace_record *, const struct amdvi_trace_record *);
    void amdvi_py_ask(void *, const struct amdvi_ask *);
    void amdvi_py_completion(void *, const struct amdvi_completion *);
    void amdvi_py_timed_completion(void *, const struct amdvi_timed_completion *);
    void amdvi_py_finding(void *, const struct amdvi_lint_finding *);
}
"""


def includes() -> str:
    return "".join(f'#include "amdvi/{name}"\n' for name in HEADERS) + '#include "model/python/support.h"\n'


def preprocess(compiler: str, folders: list[str]) -> str:
    """The headers without the C library's, whose types cffi knows by itself."""
    with tempfile.TemporaryDirectory() as empty:
        for name in SYSTEM:
            Path(empty, name).touch()
        paths = [f"-I{path}" for path in (empty, *folders, str(HERE.parent.parent))]
        command = [compiler, "-E", "-P", "-nostdinc", *paths, "-x", "c", "-"]
        return subprocess.run(command, input=includes(), capture_output=True, text=True, check=True).stdout


def without_bodies(text: str) -> str:
    """Inline functions of the public headers are called like others; the rest are for C alone."""
    while found := INLINE.search(text):
        depth, at = 1, found.end()
        while depth:
            depth += {"{": 1, "}": -1}.get(text[at], 0)
            at += 1
        head = found[0].removeprefix("static inline ").removesuffix("{").strip()
        text = text[:found.start()] + (head + ";\n" if PUBLIC.search(head) else "") + text[at:]
    return text


def find(name: str, folders: list[str]) -> Path:
    return next(path for folder in folders if (path := Path(folder, "amdvi", name)).is_file())


def constants(folders: list[str]) -> str:
    texts = [find(name, folders).read_text(encoding="utf-8") for name in HEADERS]
    names = [found[1] for text in texts for found in CONSTANT.finditer(text)]
    return "".join(f"#define {name} ...\n" for name in names)


def declarations(compiler: str, folders: list[str]) -> str:
    return without_bodies(preprocess(compiler, folders)) + constants(folders) + CALLBACKS


if __name__ == "__main__":
    print(declarations(sys.argv[1], sys.argv[2:]))
