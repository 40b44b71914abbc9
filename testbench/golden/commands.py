# SPDX-License-Identifier: Apache-2.0
"""Command decode and check (6)."""
from __future__ import annotations

from .config import Config
from .layout import COMMAND_RESERVED, COMMANDS, View, bits, fields, mask

WAIT, DEVTAB, PAGES, IOTLB, INTTAB, PREFETCH, PPR, ALL, INSERT, RESET = range(1, 11)


def opcode(value: int) -> int:
    return bits(value, 63, 60)


def supported(op: int, cfg: Config) -> bool:
    f = cfg.f
    gates = {WAIT: 1, DEVTAB: 1, PAGES: 1, IOTLB: cfg.iotlb_sup, INTTAB: 1, PREFETCH: f.PreFSup, PPR: f.PPRSup,
             ALL: f.IASup, INSERT: f.vIommuSup, RESET: f.vIommuSup}
    return bool(gates.get(op, 0))


def reserved(op: int, cfg: Config) -> int:
    out = COMMAND_RESERVED[op]
    if op == IOTLB and not cfg.f.InvIotlbTypeSup:
        out |= mask(69, 68)
    return out


def is_legal(value: int, cfg: Config) -> bool:
    """6.5: known and supported opcode, no reserved bit."""
    op = opcode(value)
    return supported(op, cfg) and not value & reserved(op, cfg)


def decode(value: int) -> View:
    return fields(value, COMMANDS[opcode(value)])


def span(command: View) -> tuple[int, int]:
    """6.3: (base, size); (0, 0) is everything."""
    addr = command.addr << 12
    if not command.S:
        return addr, 4096
    for n in range(12, 51):
        if not addr >> n & 1:
            return addr & ~mask(n, 12), 1 << (n + 1)
    return 0, 0


def iotlb_pasid(command: View) -> int:
    """13 #1."""
    return command.pasid_high << 16 | command.pasid_mid << 8 | command.pasid_low
