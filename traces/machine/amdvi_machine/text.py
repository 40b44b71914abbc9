# SPDX-License-Identifier: Apache-2.0
"""Writes a trace in its text form."""
from __future__ import annotations

from typing import TextIO

from .bits import PAGE

CHUNK = 32
LONGEST = 2048


def printable(text: str) -> str:
    """Text that came from outside must stay one line of ASCII."""
    return "".join(letter if " " <= letter <= "~" else "?" for letter in text)


class Writer:
    def __init__(self, file: TextIO) -> None:
        self.file, self.records = file, 0

    def comment(self, text: str) -> None:
        self.file.write(f"# {printable(text)}\n")

    def record(self, kind: str, **values: object) -> None:
        """Numbers are written in hex, but for times and labels; a value of None is left out."""
        words = [kind]
        for key, value in values.items():
            if value is not None:
                plain = isinstance(value, int) and key not in ("t", "size")
                words.append(f"{key}={value:#x}" if plain else f"{key}={value}")
        self.file.write(" ".join(words) + "\n")
        self.records += 1

    def memory(self, address: int, data: bytes, **labels: object) -> None:
        """What is not zero of some bytes; memory is zero at first."""
        start = None
        for at in range(0, len(data) + CHUNK, CHUNK):
            full = any(data[at:at + CHUNK])
            if full and start is None:
                start = at
            if start is not None and (not full or at - start >= LONGEST):
                self.record("mem", addr=address + start, data=data[start:at].hex(), **labels)
                start = at if full else None

    def store(self, address: int, data: bytes, **labels: object) -> None:
        """All of some bytes."""
        for at in range(0, len(data), PAGE):
            self.record("mem", addr=address + at, data=data[at:at + PAGE].hex(), **labels)
            labels = {}
