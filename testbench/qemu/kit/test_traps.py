# SPDX-License-Identifier: GPL-2.0-or-later
"""Each trap of the kit with a driver that bears it and with one that errs: the sheet changes in the row that is meant."""
from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from amdvi_kit import trials
from mini_driver import BUFFER, CARD, INVALIDATE_IOTLB, Driver, Machine

SHARED, SHARED_BYTES, ALIAS = 0xFED68000, 0x4000, 0xF6
pytestmark = pytest.mark.skipif(not Path(os.environ.get("AMDVI_QEMU_OBJECT", "")).is_file(), reason="there is no object for QEMU")


def rows(trial: str, act: Callable[[Machine], None], folder: Path) -> dict[str, str]:
    """States of the trial's demands."""
    one = next(one for one in trials.TRIALS if one.name == trial)
    machine = Machine(folder, one.device)
    try:
        act(machine)
    finally:
        report = machine.end()
    return {row.demand.name: row.state for row in trials.judge(one, report)}


def use(driver: Driver, times: int = 1) -> None:
    driver.map(0x3000, BUFFER)
    for _ in range(times):
        driver.m.copy(0x3000)


@pytest.mark.parametrize("flush", [True, False])
def test_handover(tmp_path: Path, flush: bool) -> None:
    """Firmware's driver has read; the operating system's must not be answered by firmware's tables."""
    def act(machine: Machine) -> None:
        machine.copy(0x3000)
        use(Driver(machine, flush=flush))

    found = rows("handover", act, tmp_path)
    assert found["taken-over"] == "held"
    assert found["invalidated"] == ("held" if flush else "wrong")


def test_handover_that_is_not_taken(tmp_path: Path) -> None:
    assert rows("handover", lambda machine: machine.copy(0x3000), tmp_path)["taken-over"] == "wrong"


def test_a_trap_that_does_not_spring_is_not_judged(tmp_path: Path) -> None:
    found = rows("handover", lambda machine: use(Driver(machine)), tmp_path)
    assert found["taken-over"] == "not tried"


@pytest.mark.parametrize("closed", [True, False])
def test_stranger(tmp_path: Path, closed: bool) -> None:
    def act(machine: Machine) -> None:
        use(Driver(machine, closed=closed))
        time.sleep(0.4)

    assert rows("stranger", act, tmp_path)["closed"] == ("held" if closed else "wrong")


@pytest.mark.parametrize("restart", [True, False])
def test_overflow(tmp_path: Path, restart: bool) -> None:
    def act(machine: Machine) -> None:
        driver = Driver(machine, restart=restart)
        use(driver, 205)
        for _ in range(12):
            time.sleep(0.1)
            driver.service_log()

    assert rows("overflow", act, tmp_path)["restarted"] == ("held" if restart else "wrong")


@pytest.mark.parametrize("mapped", [True, False])
def test_unity(tmp_path: Path, mapped: bool) -> None:
    def act(machine: Machine) -> None:
        use(Driver(machine, identity=(SHARED, SHARED_BYTES if mapped else SHARED_BYTES // 2)), 3)
        time.sleep(0.5)

    assert rows("unity", act, tmp_path)["kept"] == ("held" if mapped else "wrong")


@pytest.mark.parametrize("device", [ALIAS, CARD])
def test_alias(tmp_path: Path, device: int) -> None:
    def act(machine: Machine) -> None:
        use(Driver(machine, device=device))

    assert rows("alias", act, tmp_path)["aliased"] == ("held" if device == ALIAS else "wrong")


@pytest.mark.parametrize("wait", [True, False])
def test_lost_wait(tmp_path: Path, wait: bool) -> None:
    """Impatient: another page at the same address while its invalidation is under way."""
    def act(machine: Machine) -> None:
        driver = Driver(machine, wait=wait)
        use(driver)
        for turn in range(60):
            driver.map(0x3000, BUFFER + (turn % 2) * 0x1000)
            driver.invalidate(0x3000)
            if turn > 45:
                machine.copy(0x3000)

    assert rows("lost-wait", act, tmp_path)["patient"] == ("held" if wait else "wrong")


def test_ats_timeout(tmp_path: Path) -> None:
    def act(machine: Machine) -> None:
        driver = Driver(machine)
        use(driver)
        for _ in range(6):
            driver.command(INVALIDATE_IOTLB << 60 | 1 << 24 | CARD, 0x3000)
        time.sleep(0.1)
        driver.complete()

    found = rows("ats-timeout", act, tmp_path)
    assert "sprung" not in found and found["legal"] == "held"
