# SPDX-License-Identifier: Apache-2.0
"""Filling C structures from Python values, with errors that name the field."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._amdvi import ffi
from .errors import FieldError


def choice(field: str, value: str, table: Mapping[str, int]) -> int:
    """The number of a choice by name."""
    try:
        return table[value]
    except (KeyError, TypeError):
        raise FieldError(field, value, f"one of {', '.join(table)}") from None


def set_fields(out: Any, **values: Any) -> None:
    """Sets members of a C structure; a value that does not fit its member is named."""
    for field, value in values.items():
        try:
            setattr(out, field, value)
        except (OverflowError, TypeError) as error:
            raise FieldError(field, value, str(error)) from None


def filled(kind: str, **values: Any) -> Any:
    """A new C structure with these members."""
    out = ffi.new(f"{kind} *")
    set_fields(out, **values)
    return out
