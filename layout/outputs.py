# SPDX-License-Identifier: Apache-2.0
"""Names every generated file and who makes it."""
from . import emit_c, emit_check, emit_docs, emit_python
from .load import ROOMS


def everything(layouts, known, places):
    for room in ROOMS:
        yield f"{room}/layout.h", emit_c.layout_header(room, layouts, known)
    header, source = emit_c.register_sources(layouts, known, places)
    yield "model/registers.h", header
    yield "model/registers.c", source
    yield "model/layout_tables.c", emit_c.layout_tables(layouts)
    yield "tests/check_layout.c", emit_check.check_source(layouts, known)
    yield "python/amdvi_layout.py", emit_python.module(layouts, known, places)
    yield "docs/compliance.json", emit_docs.compliance(layouts)
