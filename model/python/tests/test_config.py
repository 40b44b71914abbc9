# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

import amdvi


def test_keys_explain_themselves():
    keys = {key.name: key for key in amdvi.config_keys()}
    assert {"preset", "efr", "caches"} <= set(keys)
    assert all(key.meaning and key.values for key in keys.values())


def test_every_key_can_be_read_and_written_back():
    config = amdvi.Config()
    for name, value in config.as_dict().items():
        if value:
            config[name] = value


@pytest.mark.parametrize("name", amdvi.presets())
def test_presets_make_devices(name):
    with amdvi.Device(amdvi.Config(name)) as iommu:
        assert iommu.mmio_read(0x30) == iommu.config.number("efr")


def test_preset_comes_first_wherever_it_stands():
    config = amdvi.Config(settings={"efr2": 0x1, "preset": "rome"}, caches=False)
    assert config["preset"] == "rome" and config.number("efr2") == 1 and config.number("caches") == 0


def test_mistakes_name_key_and_status():
    with pytest.raises(amdvi.AmdviError, match="no.such") as caught:
        amdvi.Config(settings={"no.such": 1})
    assert caught.value.status == "UNKNOWN_KEY"
    with pytest.raises(amdvi.AmdviError, match="caches=maybe") as caught:
        amdvi.Config(caches="maybe")
    assert caught.value.status == "BAD_VALUE"
    with pytest.raises(amdvi.AmdviError):
        amdvi.Config()["no.such"]


def test_ivrs():
    table = amdvi.ivrs.default_table(amdvi.Config("genoa"))
    assert table[:4] == b"IVRS" and amdvi.ivrs.check_table(table).ivhd_11 == 1
    with pytest.raises(amdvi.AmdviError, match="offset"):
        amdvi.ivrs.check_table(table[:-1] + b"\xff")
