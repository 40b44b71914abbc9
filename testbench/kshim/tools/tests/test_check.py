# SPDX-License-Identifier: GPL-2.0-only
"""What check says of planted defects before anything is built."""
import re

import pytest

from kshim.tools import check
from kshim.tools.errors import KernelError

SCENARIOS = "\n".join(path.read_text(encoding="utf-8") for path in (check.DEFECTS.parent / "scenarios").glob("*.c"))
RULES = sorted(check.DEFECTS.glob("*.cocci"))


@pytest.mark.parametrize("version, wanted", [("6.12.117", (6, 12)), ("7.3", (7, 3)), ("6.1", (6, 1)), ("", ()), ("next", ())])
def test_versions_are_compared_as_numbers(version, wanted):
    assert check.number(version) == wanted


def rule(tmp_path, *lines):
    path = tmp_path / "one.cocci"
    path.write_text("".join(f"// {line}\n" for line in lines), encoding="utf-8")
    return path


def test_a_defect_of_newer_kernels_says_why(tmp_path):
    path = rule(tmp_path, "since: 7.0", "why: there is no such code")
    assert check.why_not(path, "6.12.117") == "there is no such code"
    assert check.why_not(path, "7.0") is None and check.why_not(path, "10.1") is None


def test_a_defect_that_ended_says_so(tmp_path):
    path = rule(tmp_path, "until: 6.12")
    assert check.why_not(path, "6.12.117") is None
    assert check.why_not(path, "6.13") == "its code is another one there"


def test_a_tree_without_a_version_may_have_any(tmp_path):
    assert check.why_not(rule(tmp_path, "since: 7.0"), "") is None


def test_refusals_name_the_version_and_what_there_is():
    with pytest.raises(KernelError, match="domain-leak cannot be planted in Linux 6.12.117: older drivers"):
        check.defect("domain-leak", "6.12.117")
    with pytest.raises(KernelError, match="there is no defect typo; there are .*domain-leak.*wait-order"):
        check.defect("typo", "7.3")


def test_the_verdict_knows_the_property():
    assert check.found_by("fault-reference", ["requests/fault"]).startswith("planted fault-reference: found, by requests/fault")
    assert "others than expected" in check.found_by("fault-reference", ["boot/genoa/default/1"])
    assert "NOT FOUND" in check.found_by("fault-reference", [])


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_rules_name_their_files_and_a_scenario_that_exists(path):
    text = " ".join(check.header(path, "found-by"))
    names = re.findall(r"[a-z]+/[a-z0-9/-]+", text)
    assert check.header(path, "files") and names
    for name in names:  # in the sources a macro may have put the group, or a part of the name, before it
        group, rest = name.split("/", 1)
        spelled = (f'"{part}' for part in (name, rest, rest.split("-", 1)[-1]))
        assert any(word in SCENARIOS for word in spelled) or group == "boot", name
