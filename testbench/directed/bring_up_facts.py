# SPDX-License-Identifier: Apache-2.0
"""The order in which Linux brings an IOMMU up (12.1), with the features that each preset has."""
from __future__ import annotations

from golden.config import PRESETS
from scenario import world as w

from .fact import DEV, DOM, IOVA, PAGE, Trace, fact
from .interrupt_facts import TABLE, basic, wide

OTHER = 0x208
LEN_512 = 9 << 56
CONTROL, CMD_HEAD, CMD_TAIL, EVT_HEAD, EVT_TAIL, STATUS = 0x18, 0x2000, 0x2008, 0x2010, 0x2018, 0x2020
TIMEOUT_1S, EVENT_INT, WAIT_INT = 4 << 5, 1 << 3, 1 << 4
PPR_INT, GA_INT, EPH, INT_CAP_XT, NUM_INT_REMAP, IRT_CACHE_OFF = 1 << 14, 1 << 29, 1 << 45, 1 << 51, 1 << 43, 1 << 59
EVT_RUN, CMD_RUN, PPR_RUN, GA_RUN = 1 << 3, 1 << 4, 1 << 7, 1 << 8
EFR_VALUES = {name: efr for name, (efr, _, _) in PRESETS.items()} | {"emulator-min": 0x29D7}


class BringUp:
    """The driver: what it has enabled, and the commands it has sent."""

    def __init__(self, t: Trace, preset: str) -> None:
        self.t, self.efr, self.efr2 = t, EFR_VALUES[preset], PRESETS[preset][1]
        self.control = 0
        self.wide = self.has(7)

    def has(self, bit: int) -> bool:
        return bool(self.efr >> bit & 1)

    def enable(self, bits: int) -> None:
        self.control |= bits
        self.t.write(CONTROL, self.control)

    def running(self, bits: int) -> None:
        self.t.reads(STATUS, bits, bits)

    def commands(self, *values: int) -> None:
        self.t.world.sync(*values)

    # --- the steps of 12.1 ---

    def look(self) -> None:
        self.t.reads(0x30, self.efr)
        self.t.reads(CONTROL, 0, 1)

    def disable(self) -> None:
        self.t.write(CONTROL, 0)

    def attributes(self) -> None:
        self.enable(w.COHERENT | TIMEOUT_1S | (EPH if self.has(50) else 0))

    def rings(self) -> None:
        self.t.write(0x0, w.DEV_TABLE | 0x1FF)
        self.t.write(0x8, w.CMD_RING | LEN_512)
        for off in (CMD_HEAD, CMD_TAIL):
            self.t.write(off, 0)
        self.enable(w.COMMANDS)
        self.t.write(0x10, w.EVT_RING | LEN_512)
        for off in (EVT_HEAD, EVT_TAIL):
            self.t.write(off, 0)
        self.enable(w.EVENTS)

    def features(self) -> None:
        if self.has(4):
            self.enable(w.GT | (w.TRP if self.efr2 >> 3 & 1 else 0))
        if self.wide:
            self.enable(w.GA | (w.XT if self.has(2) else 0))
        self.t.write(CONTROL, self.control | IRT_CACHE_OFF)  # does it stick?
        self.t.write(CONTROL, self.control)
        if self.efr2 >> 8 & 3:
            self.enable(NUM_INT_REMAP)

    def start(self) -> None:
        self.enable(w.IOMMU)
        self.running(EVT_RUN | CMD_RUN)
        if self.has(6):
            self.commands(8 << 60)
        else:
            self.commands(*(w.op_devtab(dev) for dev in (DEV, OTHER)), w.op_pages(DOM), w.op_inttab(DEV))

    def interrupts(self) -> None:
        if self.has(2):
            for number, off in enumerate((0x170, 0x178, 0x180)):
                self.t.write(off, (0x90 + number) << 32)
            self.enable(INT_CAP_XT)
        self.enable(EVENT_INT)

    def logs(self) -> None:
        if self.has(1):
            self.t.write(0x38, w.PPR_RING | LEN_512)
            self.enable(w.PPR_LOG | PPR_INT)
            self.enable(w.PPR)
            self.running(PPR_RUN)
        if self.efr >> 21 & 7:
            self.t.write(0xE0, w.GA_RING | LEN_512)
            self.t.write(0xE8, w.GA_TAIL)
            self.enable(w.GA_LOG | GA_INT)
            self.running(GA_RUN)
            self.enable(w.GAM_VAPIC)

    def attach(self) -> None:
        """A device of its own gets a domain and an interrupt."""
        t = self.t
        t.word(TABLE + 3 * (16 if self.wide else 4), (wide if self.wide else basic)(), 16 if self.wide else 4)
        t.host(3, IV=1, IntCtl=2, IntTabLen=9, int_root=TABLE)
        self.commands(w.op_devtab(DEV), w.op_inttab(DEV), w.op_pages(DOM))


def bring_up(preset: str) -> None:
    def build(t: Trace) -> None:
        driver = BringUp(t, preset)
        for dev in (DEV, OTHER):  # step 8: nobody gets through before it has a domain
            t.dte(dev, IR=0, IW=0, DomainID=0)
        for step in (driver.look, driver.disable, driver.attributes, driver.rings, driver.features, driver.start,
                     driver.interrupts, driver.logs):
            step()
        t.ask("read")
        t.page_fault("PR PE")
        driver.attach()
        t.ask("write")
        t.ok(pa=PAGE)
        t.msi(3)
        t.ok(vector=0x55, dest=0x12)
        t.ask("read", IOVA, dev=OTHER)
        t.page_fault("PR PE")
        t.logged(2)
        driver.running(EVT_RUN | CMD_RUN)

    build.__name__ = f"linux_{preset.replace('-', '_')}"
    config = {"preset": preset} | ({"efr": EFR_VALUES[preset]} if preset == "emulator-min" else {})
    fact("12.1", f"Linux's bring-up order passes with the features of {preset}", "12.1, 11.3", **config)(build)


for one in PRESETS:
    bring_up(one)
