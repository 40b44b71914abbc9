# SPDX-License-Identifier: Apache-2.0
"""The host's register file: which bits of which offset can be written (2)."""
from __future__ import annotations

from .config import Config
from .layout import CONTROL, mask, masks

DEV_BASE, CMD_BASE, EVT_BASE, CONTROL_OFF, EXCL_BASE, EXCL_LIMIT, EFR_OFF = 0, 8, 0x10, 0x18, 0x20, 0x28, 0x30
PPR_BASE, GA_BASE, GA_TAIL_ADDR, PPRB_BASE, EVTB_BASE = 0x38, 0xE0, 0xE8, 0xF0, 0xF8
XT_EVENT, XT_PPR, XT_GA, EFR2_OFF = 0x170, 0x178, 0x180, 0x1A0
CMD_HEAD, CMD_TAIL, EVT_HEAD, EVT_TAIL, STATUS_OFF = 0x2000, 0x2008, 0x2010, 0x2018, 0x2020
PPR_HEAD, PPR_TAIL, GA_HEAD, GA_TAIL = 0x2030, 0x2038, 0x2040, 0x2048
PPRB_HEAD, PPRB_TAIL, EVTB_HEAD, EVTB_TAIL = 0x2050, 0x2058, 0x2070, 0x2078

# ring base -> (head, tail)
POINTERS = {CMD_BASE: (CMD_HEAD, CMD_TAIL), EVT_BASE: (EVT_HEAD, EVT_TAIL), PPR_BASE: (PPR_HEAD, PPR_TAIL),
            GA_BASE: (GA_HEAD, GA_TAIL), PPRB_BASE: (PPRB_HEAD, PPRB_TAIL), EVTB_BASE: (EVTB_HEAD, EVTB_TAIL)}
SEGMENT_MAX = (0x1FF, 0xFF, 0x7F, 0x7F, 0x3F, 0x3F, 0x3F, 0x3F)


def _control_gates(cfg: Config) -> dict[str, int]:
    """2.4: bits of features that are absent read 0."""
    f, f2 = cfg.f, cfg.f2
    return {
        "PPRLogEn": f.PPRSup, "PPRIntEn": f.PPRSup, "PPREn": f.PPRSup, "GTEn": f.GTSup, "GAEn": f.GASup,
        "SmiFEn": f.SmiFSup, "SmiFLogEn": f.SmiFSup, "GAMEn": f.GAMSup, "GALogEn": f.GAMSup, "GAIntEn": f.GAMSup,
        "DualPprLogEn": f.DualPprLogSup, "DualEventLogEn": f.DualEventLogSup, "DevTblSegEn": f.DevTblSegSup,
        "PrivAbrtEn": f.USSup, "PprAutoRspEn": f.PprAutoRspSup, "MarcEn": f.MarcSup,
        "BlkStopMrkEn": f.BlkStopMrkSup, "PprAutoRspAon": f.PprAutoRspSup, "NumIntRemapMode": f2.NumIntRemapSup,
        "EPHEn": f.EPHSup, "GDUpdateDis": f.GDUpdateDisSup, "XTEn": f.XTSup, "IntCapXTEn": f.XTSup,
        "vCmdEn": f.vIommuSup, "vIommuEn": f.vIommuSup, "GAUpdateDis": f.GAUpdateDisSup, "GAPPIEn": f.GAPPISup,
        "TMPMEn": f2.TMPMSup, "GCR3TRPMode": f2.GCR3TRPModeSup, "GstBufferTRPMode": f.vIommuSup,
        "SNPAVICEn": f2.SNPAVICSup,
    }


def control_mask(cfg: Config) -> int:
    gates, out = _control_gates(cfg), 0
    for name, (high, low) in CONTROL.items():
        out |= mask(high, low) if gates.get(name, 1) else 0
    return out


def _base_masks(cfg: Config) -> dict[int, int]:
    f, ring = cfg.f, masks((51, 12), (59, 56))
    out = {DEV_BASE: masks((8, 0), (51, 12)), CMD_BASE: ring, EVT_BASE: ring, CONTROL_OFF: control_mask(cfg),
           EXCL_BASE: masks((1, 0), (51, 12)), EXCL_LIMIT: mask(51, 12)}
    out |= {PPR_BASE: ring} if f.PPRSup else {}
    out |= {GA_BASE: ring, GA_TAIL_ADDR: mask(51, 3)} if f.GAMSup else {}
    out |= {PPRB_BASE: ring} if f.DualPprLogSup else {}
    out |= {EVTB_BASE: ring} if f.DualEventLogSup else {}
    for n in range(1, 1 << f.DevTblSegSup):
        out[0x100 + 8 * (n - 1)] = masks((8, 0), (51, 12))
    return out


def _pointer_masks(cfg: Config) -> dict[int, int]:
    f, sixteen = cfg.f, mask(18, 4)
    out = {off: sixteen for off in (CMD_HEAD, CMD_TAIL, EVT_HEAD, EVT_TAIL)}
    out |= {PPR_HEAD: sixteen, PPR_TAIL: sixteen} if f.PPRSup else {}
    out |= {GA_HEAD: mask(18, 3), GA_TAIL: mask(18, 3)} if f.GAMSup else {}
    out |= {PPRB_HEAD: sixteen, PPRB_TAIL: sixteen} if f.DualPprLogSup else {}
    out |= {EVTB_HEAD: sixteen, EVTB_TAIL: sixteen} if f.DualEventLogSup else {}
    return out


def _other_masks(cfg: Config) -> dict[int, int]:
    """2.1, 2.8."""
    f, out = cfg.f, {}
    if f.SmiFSup == 1:
        out |= {0x60 + 8 * n: mask(17, 0) for n in range(min(16, 1 << f.SmiFRC))}
    if f.XTSup:
        out |= {off: masks((2, 2), (40, 8), (63, 56)) for off in (XT_EVENT, XT_PPR, XT_GA)}
    if f.PerfOptSup:
        out[0x168] = mask(45, 45)
    if f.MarcSup:
        for n in range(4):
            out |= {0x200 + 24 * n: mask(51, 12), 0x208 + 24 * n: masks((51, 12), (1, 0)),
                    0x210 + 24 * n: mask(51, 12)}
    out |= {0x2080: mask(4, 0)} if f.PprAutoRspSup else {}
    out |= {0x2088: masks((31, 30), (14, 0)), 0x2090: masks((31, 30), (14, 0))} if f.PprOvrflwEarlySup else {}
    return out


def writable(cfg: Config) -> dict[int, int]:
    """Offset -> mask of the bits software can change."""
    return _base_masks(cfg) | _pointer_masks(cfg) | _other_masks(cfg)


def reset(cfg: Config) -> dict[int, int]:
    """2.1: reset values that are not 0."""
    out = {base: 8 << 56 for base in POINTERS if base in writable(cfg)}
    out[CONTROL_OFF] = 1 << 10 | (1 << 41 if cfg.f.BlkStopMrkSup else 0)
    out |= {EFR_OFF: cfg.efr, EFR2_OFF: cfg.efr2}
    if cfg.f.PCSup:
        out[0x4000] = 4 << 7 | 2 << 12
    return out
