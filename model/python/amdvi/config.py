# SPDX-License-Identifier: Apache-2.0
"""Configuration keys and presets."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ._amdvi import ffi, lib
from .errors import check, text

Value = int | bool | str
LONGEST = 1024


@dataclass(frozen=True)
class ConfigKey:
    """A key with its default, legal values, meaning, and where the default comes from."""

    name: str
    fallback: str
    values: str
    meaning: str
    source: str


def config_keys() -> list[ConfigKey]:
    """All keys, in the order of the documentation."""
    out: list[ConfigKey] = []
    while key := lib.amdvi_config_key_at(len(out)):
        fields = (key.name, key.fallback, key.values, key.meaning, key.source)
        out.append(ConfigKey(*(text(field) or "" for field in fields)))
    return out


def presets() -> list[str]:
    """Names that the key `preset` takes."""
    out: list[str] = []
    while name := text(lib.amdvi_preset_at(len(out))):
        out.append(name)
    return out


def written(value: Value) -> str:
    """A value as the library reads it."""
    if isinstance(value, bool):
        return str(int(value))
    return hex(value) if isinstance(value, int) else value


class Config:
    """The settings of a device.

    >>> config = Config("turin", {"dte.bit245": "reserved"}, caches="off")
    >>> config["efr2"] = 0x1d
    """

    def __init__(self, preset: str | None = None, settings: Mapping[str, Value] | None = None, **keys: Value) -> None:
        out = ffi.new("struct amdvi_config **")
        check(lib.amdvi_config_create(out))
        self.pointer = ffi.gc(out[0], lib.amdvi_config_destroy)
        if preset is not None:
            self["preset"] = preset
        self.update({**(settings or {}), **keys})

    def update(self, settings: Mapping[str, Value]) -> None:
        """Sets several keys; `preset` goes first whatever its place."""
        for key in sorted(settings, key=lambda name: name != "preset"):
            self[key] = settings[key]

    def __setitem__(self, key: str, value: Value) -> None:
        check(lib.amdvi_config_set(self.pointer, key.encode(), written(value).encode()), f"{key}={written(value)}")

    def __getitem__(self, key: str) -> str:
        room = ffi.new("char[]", LONGEST)
        check(lib.amdvi_config_get(self.pointer, key.encode(), room, LONGEST), key)
        return text(room) or ""

    def number(self, key: str) -> int:
        """The value of a numeric or on/off key."""
        out = ffi.new("uint64_t *")
        check(lib.amdvi_config_number(self.pointer, key.encode(), out), key)
        return int(out[0])

    def __iter__(self) -> Iterator[str]:
        return (key.name for key in config_keys())

    def as_dict(self) -> dict[str, str]:
        return {name: self[name] for name in self}
