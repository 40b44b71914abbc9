# SPDX-License-Identifier: Apache-2.0
"""build_ffi.py OUTPUT.c COMPILER INCLUDE_DIR...: writes the extension module amdvi._amdvi."""
from __future__ import annotations

import sys

import cdef
from cffi import FFI


def main(output: str, compiler: str, *folders: str) -> None:
    ffi = FFI()
    ffi.cdef(cdef.declarations(compiler, list(folders)))
    ffi.set_source("amdvi._amdvi", cdef.includes())
    ffi.emit_c_code(output)


if __name__ == "__main__":
    main(*sys.argv[1:])
