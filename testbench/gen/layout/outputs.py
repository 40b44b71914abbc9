# SPDX-License-Identifier: Apache-2.0
"""Names every generated file and who makes it."""
from . import emit_c
from .load import ROOMS


def everything(layouts, known):
    for room in ROOMS:
        yield f"{room}/layout.h", emit_c.layout_header(room, layouts, known)
    header, source = emit_c.register_sources(layouts, known)
    yield "model/registers.h", header
    yield "model/registers.c", source
    yield "model/layout_tables.c", emit_c.layout_tables(layouts)
