# SPDX-License-Identifier: Apache-2.0
"""The package sees what the public headers say: every function, constant and structure."""
from __future__ import annotations

import os
import re
import subprocess
import sys

from conftest import ROOT

import amdvi
from amdvi._amdvi import ffi, lib

LEFT_OUT = {"live.h", "trace_export.h"}  # not part of the package
FOLDERS = [ROOT / "model" / "include", ROOT / "traces" / "include"]
sys.path.insert(0, str(ROOT / "model" / "python"))
import cdef  # noqa: E402

TEXT = "".join(cdef.find(name, FOLDERS).read_text() for name in cdef.HEADERS)
CODE = cdef.without_bodies(re.sub(r"/\*.*?\*/", "", TEXT, flags=re.DOTALL))


def test_every_function_is_there():
    names = set(re.findall(r"\b(amdvi_\w+)\(", CODE))
    assert len(names) > 80
    assert not {name for name in names if not hasattr(lib, name)}


def test_every_constant_is_there():
    enumerators = set(re.findall(r"^\s+(AMDVI_[A-Z0-9_]+)(?: = [^,\n]*)?,", CODE, re.MULTILINE))
    defines = {found[1] for found in cdef.CONSTANT.finditer(CODE)}
    assert not {name for name in enumerators | defines if not hasattr(lib, name)}


def sizes_by_compiler(structures: list[str], folder) -> list[int]:
    lines = "".join(f'printf("%zu\\n", sizeof(struct {name}));' for name in structures)
    source = folder / "sizes.c"
    source.write_text(f"#include <stdio.h>\n{cdef.includes()}int main(void) {{ {lines} return 0; }}\n")
    program = folder / "sizes"
    compiler = os.environ.get("AMDVI_CC", "cc")
    subprocess.run([compiler, *(f"-I{path}" for path in (*FOLDERS, ROOT)), str(source), "-o", str(program)], check=True)
    return [int(size) for size in subprocess.run([program], capture_output=True, text=True).stdout.split()]


def test_every_structure_has_the_compilers_size(tmp_path):
    names = re.findall(r"^struct (amdvi_\w+) \{", CODE, re.MULTILINE)
    assert len(names) > 20
    assert [ffi.sizeof(f"struct {name}") for name in names] == sizes_by_compiler(names, tmp_path)


def test_the_extension_was_made_from_these_headers():
    """Types as cffi has them in the extension, and as it reads them from the headers now."""
    from cffi import FFI
    fresh = FFI()
    fresh.cdef(re.sub(r"^#define .*\n", "", cdef.declarations(os.environ.get("AMDVI_CC", "cc"), list(map(str, FOLDERS))),
                      flags=re.MULTILINE))
    for name in re.findall(r"^struct (amdvi_\w+) \{", CODE, re.MULTILINE):
        pairs = zip(fresh.typeof(f"struct {name}").fields, ffi.typeof(f"struct {name}").fields, strict=True)
        for (wanted, there), (found, here) in pairs:
            assert (wanted, there.type.cname) == (found, here.type.cname)


def test_no_header_is_forgotten():
    present = {path.name for folder in FOLDERS for path in (folder / "amdvi").glob("*.h")}
    assert present - set(cdef.HEADERS) <= LEFT_OUT


def test_all_is_all():
    assert not [name for name in amdvi.__all__ if not hasattr(amdvi, name)]
