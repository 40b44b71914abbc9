# SPDX-License-Identifier: Apache-2.0
"""The ACPI table that announces IOMMUs to software."""
from __future__ import annotations

from dataclasses import dataclass

from ._amdvi import ffi, lib
from .config import Config
from .errors import AmdviError, check, text


@dataclass(frozen=True)
class Summary:
    """What a good table holds."""

    ivhd_10: int
    ivhd_11: int
    ivhd_40: int
    ivmd: int
    entries: int


def default_table(config: Config, last_bus: int = 0xFF, root_ioapic: int | None = 33,
                  southbridge_ioapic: int | None = 32) -> bytes:
    """The table that firmware would give for the IOMMU of `config`; with the IOAPIC ids of the MADT, None for no
    such IOAPIC."""
    storage, unit = ffi.new("struct amdvi_ivrs_storage *"), ffi.new("struct amdvi_ivrs_unit *")
    check(lib.amdvi_ivrs_default_unit(config.pointer, last_bus, storage, unit))
    ids = (lib.AMDVI_IVRS_NO_IOAPIC if given is None else given for given in (root_ioapic, southbridge_ioapic))
    check(lib.amdvi_ivrs_set_ioapics(storage, unit, *ids))
    table = ffi.new("struct amdvi_ivrs_table *", {"units": unit, "units_count": 1})
    size = ffi.new("size_t *")
    lib.amdvi_ivrs_build(table, ffi.NULL, 0, size)
    out = bytearray(size[0])
    check(lib.amdvi_ivrs_build(table, ffi.from_buffer(out), len(out), size))
    return bytes(out)


def check_table(table: bytes) -> Summary:
    """Reads a table as drivers do; the first mistake is an AmdviError."""
    out = ffi.new("struct amdvi_ivrs_summary *")
    status = lib.amdvi_ivrs_check(ffi.from_buffer(table), len(table), out)
    if out.text:
        raise AmdviError(f"offset {out.offset}: {text(out.text)}", "BAD_VALUE")
    check(status)
    return Summary(out.ivhd_10, out.ivhd_11, out.ivhd_40, out.ivmd, out.entries)
