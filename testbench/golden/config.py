# SPDX-License-Identifier: Apache-2.0
"""Configuration: feature presets (11.3) and the keys every implementation has."""
from __future__ import annotations

from dataclasses import dataclass, field

from .layout import EFR, EFR2, View, fields

ROME_EFR = 0x058F77EF22294ADE

# name -> (EFR, EFR2, capability header)
PRESETS: dict[str, tuple[int, int, int]] = {
    "genoa": (0x25BF732FA2295AFE, 0x1D, 0x190B640F),
    "turin": (0x25BF732FA2295AFE, 0x53D, 0x190B640F),
    "rome": (ROME_EFR, 0, 0x190B640F),
    "milan": (ROME_EFR | 1 << 52, 0, 0x190B640F),
    "raphael": (0x246577EFA2254AFA, 0, 0x190B640F),
    "legacy": (0xF_0000_4A5A, 0, 0x090B640F),
    "emulator-min": (0xC4, 0, 0x1D0B640F),
}


@dataclass
class Config:
    """Everything that is fixed before the first action."""

    efr: int = PRESETS["genoa"][0]
    efr2: int = PRESETS["genoa"][1]
    cap: int = PRESETS["genoa"][2]
    ram: int = 0x1_0000_0000
    devid: int = 0x0002
    vf_base: int = 0xE0_0000_0000
    vfc_base: int = 0xE0_1000_0000
    autorun: bool = True
    other: dict[str, str] = field(default_factory=dict)

    def preset(self, name: str) -> None:
        self.efr, self.efr2, self.cap = PRESETS[name]

    @property
    def f(self) -> View:
        return fields(self.efr, EFR)

    @property
    def f2(self) -> View:
        return fields(self.efr2, EFR2)

    @property
    def iotlb_sup(self) -> bool:
        return bool(self.cap >> 24 & 1)

    def host_levels(self) -> int:
        """2.5: HATS 0, 1, 2 are 4, 5, 6 levels; 3 is no host translation."""
        return (4, 5, 6, 0)[self.f.HATS]

    def guest_levels(self) -> int:
        return 5 if self.f.GATS == 1 else 4
