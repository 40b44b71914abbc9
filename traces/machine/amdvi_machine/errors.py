# SPDX-License-Identifier: Apache-2.0
"""What goes wrong with a source, told with the place."""
from __future__ import annotations


class SourceError(Exception):
    """A source that cannot be understood: file, line (0: none) and field."""

    def __init__(self, name: str, line: int, text: str) -> None:
        super().__init__(f"{name}:{line}: {text}" if line else f"{name}: {text}")


class Unreadable(Exception):
    """Memory that the source does not have."""


def number(text: str, base: int, bits: int, name: str, line: int, field: str) -> int:
    """An unsigned number of at most `bits` bits; Python's own underscores and signs are no part of these texts."""
    body = text[2:] if base == 16 and text[:2] in ("0x", "0X") else text
    digits = "0123456789abcdefABCDEF" if base == 16 else "0123456789"
    if not body or len(body) > 20 or any(letter not in digits for letter in body):
        raise SourceError(name, line, f"{field}: '{text[:40]}' is no {'hexadecimal' if base == 16 else 'decimal'} number")
    value = int(body, base)
    if value >> bits:
        raise SourceError(name, line, f"{field}: {text[:40]} has more than {bits} bits")
    return value
