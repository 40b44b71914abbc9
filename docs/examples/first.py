# SPDX-License-Identifier: Apache-2.0
"""One device, one page that may be read and not written."""
import amdvi
from amdvi import layout

TABLE, PAGES, DEVICE = 0x0, 0x10000, 0x10

memory = amdvi.Memory(1 << 20)
memory.write(TABLE + 32 * DEVICE,
             layout.find("dte").to_bytes(PAGES, V=1, TV=1, IR=1, IW=1, Mode=1, DomainID=7))
memory.word(PAGES + 8, 1 | 0x55000 | 1 << 61)  # IOVA 1000h, read-only

with amdvi.Device(amdvi.Config("genoa"), memory) as iommu:
    iommu.mmio_write(0x00, TABLE)  # 128 entries
    iommu.mmio_write(0x18, 1 << 10 | 1)
    iommu.run()
    print(hex(iommu.translate(DEVICE, 0x1000).pa))
    print(iommu.translate(DEVICE, 0x1000, op="write").fault)
