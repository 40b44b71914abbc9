# SPDX-License-Identifier: Apache-2.0
"""How long a translation takes, cold and warm: one device, one page behind three levels of tables."""
import amdvi
from amdvi.timed import Parameters, Timed

DEVICE, TABLES, PAGE = 0x10, 0x10000, 0x55000

memory = amdvi.Memory(1 << 20)
entry = amdvi.layout.find("dte")
memory.write(32 * DEVICE, entry.to_bytes(TABLES, V=1, TV=1, IR=1, IW=1, Mode=3, DomainID=7))
for level, target in ((3, TABLES + 0x1000), (2, TABLES + 0x2000)):
    memory.word(TABLES + 0x1000 * (3 - level), 1 | level - 1 << 9 | 3 << 61 | target)
memory.word(TABLES + 0x2000 + 8, 1 | 3 << 61 | PAGE)

with amdvi.Device(amdvi.Config("genoa"), memory) as iommu:
    iommu.mmio_write(0x18, 1)
    iommu.run()
    with Timed(iommu, Parameters("generic", {"memory.latency": "100ns", "memory.slow_latency": "100ns"})) as clock:
        for name in ("cold", "warm"):
            clock.request(amdvi.Request(DEVICE, 0x1000))
            clock.run()
            end = clock.completions.popleft()
            print(f"{name}: {end.place} after {end.reads} reads, {end.latency / 1000:.0f} ns")
