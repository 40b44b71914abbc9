# SPDX-License-Identifier: Apache-2.0
"""amdvi: a model of the AMD IOMMU.

>>> import amdvi
>>> memory = amdvi.Memory(16 << 20)
>>> with amdvi.Device(amdvi.Config("genoa"), memory) as iommu:
...     iommu.mmio_write(0x18, 1 << 10 | 1)
...     iommu.run()
...     answer = iommu.translate(0x100, 0x1000, op="write")
"""
from . import ivrs, layout, study, timed, trace
from ._amdvi import lib as _lib
from .config import Config, ConfigKey, config_keys, presets
from .device import Device, Geometry
from .errors import AmdviError, FieldError, MemoryFault, text as _text
from .external import Ask, Completion, External
from .linting import Finding, Lint
from .memory import Memory, SparseMemory
from .recording import Recorded, Recorder
from .replaying import CheckFailure, Replay, replay, replay_text
from .results import (Access, AtcInvalidation, CacheLine, Command, DteView, Event, Fault, Hit, Irq, Mapping,
                      PageRequest, PageRequested, PrgResponse, Remapped, Request, Translation, event_name, flag_names,
                      reason_text)
from .timed import Timed
from .trace import TraceError


def version() -> str:
    """Of the library."""
    return _text(_lib.amdvi_version()) or ""


__all__ = ["Access", "AmdviError", "Ask", "AtcInvalidation", "CacheLine", "CheckFailure", "Command",
           "Completion", "Config", "ConfigKey", "Device", "DteView", "Event", "External", "Fault",
           "FieldError", "Finding", "Geometry", "Hit", "Irq", "Lint", "Mapping", "Memory", "MemoryFault",
           "PageRequest", "PageRequested", "PrgResponse", "Recorded", "Recorder", "Remapped", "Replay",
           "Request", "SparseMemory", "Timed", "TraceError", "Translation", "config_keys", "event_name",
           "flag_names", "ivrs", "layout", "presets", "reason_text", "replay", "replay_text", "study", "timed",
           "trace", "version"]
