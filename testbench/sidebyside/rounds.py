# SPDX-License-Identifier: Apache-2.0
"""One round: a machine with a dozen devices, and a long random run on it. The seed decides everything."""
from __future__ import annotations

import random
from collections.abc import Iterator

from golden.config import Config
from golden.layout import CONTROL, View, pack

from .actors import KINDS, Actor
from .machine import ARENA, SIZE, Action, Difference, Drain, Machine, Setting
from .tables import Arena, chance

PRESETS = ("genoa", "genoa", "turin", "milan", "rome", "raphael")
ALWAYS = {"IommuEn": 1, "EventLogEn": 1, "CmdBufEn": 1, "Coherent": 1, "PPRLogEn": 1, "PPREn": 1, "GAEn": 1, "GAMEn": 1,
          "GALogEn": 1}
ROUND = 5000  # requests


class Round:
    """The setting of a round, and its actions as they come."""

    def __init__(self, seed: str) -> None:
        self.rng = rng = random.Random(seed)
        cfg = Config(ram=SIZE)
        preset = rng.choice(PRESETS)
        cfg.preset(preset)
        control = self._control(cfg)
        arena = Arena(rng, self._pages(), bool(View(control, CONTROL).GCR3TRPMode))
        self.actors: list[Actor] = []
        for dev in range(1, 13):
            self.actors.append(rng.choice(KINDS)(arena, cfg, dev))
        self.setting = Setting(preset, control, self._config(), arena.take())
        self.edits = rng.choice((5, 15, 30))

    def _pages(self) -> list[int]:
        pages = list(range(ARENA, SIZE, 4096))
        self.rng.shuffle(pages)
        return pages

    def _control(self, cfg: Config) -> int:
        rng, f, f2 = self.rng, cfg.f, cfg.f2
        ints = rng.getrandbits(1)
        fields = ALWAYS | {
            "EventIntEn": ints, "PPRIntEn": ints, "GAIntEn": ints, "GTEn": not chance(rng, 5),
            "XTEn": f.XTSup and chance(rng, 60), "GAUpdateDis": f.GAUpdateDisSup and chance(rng, 15),
            "GDUpdateDis": f.GDUpdateDisSup and chance(rng, 15), "NumIntRemapMode": f2.NumIntRemapSup and chance(rng, 20),
            "GCR3TRPMode": f2.GCR3TRPModeSup and chance(rng, 50)}
        return pack(CONTROL, **{name: int(value) for name, value in fields.items()})

    def _config(self) -> dict[str, str]:
        rng = self.rng
        out = {"dte.bit245": "ignored", "ht_ranges": "off"}  # as the golden model has it
        if chance(rng, 15):
            return out | {"caches": "off"}
        for name, most in (("dtc", 7), ("itc", 7), ("ptc", 11), ("pdc", 9), ("gcr3", 6)):
            out |= {f"{name}.log2_entries": str(rng.randint(0, most))}
            out |= {f"{name}.ways": str(min(rng.choice((1, 2, 4, 8)), 1 << int(out[f"{name}.log2_entries"])))}
        return out | {"cache.policy": rng.choice(("plru", "lru", "fifo", "random"))}

    def actions(self) -> Iterator[Action]:
        since = 0
        while True:
            actor = self.rng.choice(self.actors)
            action = actor.edit() if chance(self.rng, self.edits) else actor.batch()
            yield action
            since += len(getattr(action, "requests", (1,)))
            if since > 100:
                since = 0
                yield Drain()


def run(seed: str, requests: int) -> tuple[int, Setting, list[Action], str | None]:
    """(requests made, setting, actions done, what differs)."""
    it = Round(seed)
    machine, done = Machine(it.setting, rarely=4), []
    try:
        for action in it.actions():
            done.append(action)
            machine.do(action)
            if machine.requests >= requests:
                machine.do(Drain())
                break
    except Difference as difference:
        return machine.requests, it.setting, done, str(difference)
    finally:
        machine.close()
    return machine.requests, it.setting, done, None
