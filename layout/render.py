# SPDX-License-Identifier: Apache-2.0
"""Jinja2 set-up shared by the outputs."""
import json
from pathlib import Path

import jinja2

LOADER = jinja2.FileSystemLoader(Path(__file__).parent / "templates")


def render(template, **context):
    environment = jinja2.Environment(loader=LOADER, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
                                     undefined=jinja2.StrictUndefined)
    environment.filters["text"] = json.dumps
    environment.filters["hex"] = lambda value: f"{value:#x}"
    return environment.get_template(template).render(**context)
