# SPDX-License-Identifier: GPL-2.0-or-later
"""A recording of QEMU's own amd-iommu: it is whole, the model answers as it says, and a word of it that is wrong is found."""
import json
import os
import pathlib
import re
import subprocess
from typing import Any

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
AMDVI = os.environ.get("AMDVI", "amdvi")
SKIPPED = 77
LEAST = {"translations": 10000, "interrupts": 500, "stores": 5000, "registers": 10000}
WHOLE = {"N", "Z", "D", "r", "w", "M", "W", "R", "S", "T", "I"}


def record(target: pathlib.Path, *options: str) -> pathlib.Path:
    done = subprocess.run([ROOT / "scripts/qemu", "capture", "--skip", "--kernel", "6.1", *options, "-o", target], capture_output=True,
                          text=True, check=False)
    if done.returncode == SKIPPED:
        pytest.skip(done.stdout.strip().splitlines()[-1])
    assert done.returncode == 0, done.stdout + done.stderr
    return target


@pytest.fixture(scope="module", name="recorded")
def fixture_recorded(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    return record(tmp_path_factory.mktemp("capture") / "own.capture.txt")


def played(path: pathlib.Path) -> dict[str, Any]:
    done = subprocess.run([AMDVI, "replay", "--json", path], capture_output=True, text=True, check=False)
    checks: dict[str, Any] = json.loads(done.stdout)["files"][0]["checks"]
    return checks


def test_all_kinds_of_lines_are_there(recorded: pathlib.Path) -> None:
    kinds = {line.split(" ", 1)[0] for line in recorded.read_text(encoding="ascii").splitlines() if not line.startswith("#")}
    assert kinds - {"t"} == WHOLE
    refused = set(re.findall(r"^T \w+ ([rw]) \w+ (fault \w+)$", recorded.read_text(encoding="ascii"), re.M))
    assert {("w", "fault none"), ("w", "fault perm"), ("r", "fault none")} <= refused, refused


def test_the_model_answers_as_qemus_device_did(recorded: pathlib.Path) -> None:
    checks = played(recorded)
    assert checks["failed"] == 0
    for name, least in LEAST.items():
        assert checks["classes"][name]["checked"] > least, checks


@pytest.mark.parametrize(("kind", "pattern"), [
    ("translations", r"^(T \w+ \w \w+ )(\w+)(000 fff \d)$"), ("interrupts", r"^(I \w+ \w+ \w+ \w+ \w+ \w+)(\w)()$"),
    ("stores", r"^(S \w+ )(\w\w)(\w+)$")])
def test_a_wrong_answer_is_found(recorded: pathlib.Path, tmp_path: pathlib.Path, kind: str, pattern: str) -> None:
    """Of one line in the middle, one number is changed."""
    text = recorded.read_text(encoding="ascii")
    matches = list(re.finditer(pattern, text, re.M))
    one = matches[len(matches) // 2]
    wrong = f"{int(one[2], 16) ^ 1:0{len(one[2])}x}"
    (tmp_path / "wrong.capture.txt").write_text(text[:one.start(2)] + wrong + text[one.end(2):], encoding="ascii")
    checks = played(tmp_path / "wrong.capture.txt")
    assert checks["failed"] == 1 and checks["classes"][kind]["failed"] == 1, checks


def test_without_npcache_linux_flushes_lazily(recorded: pathlib.Path, tmp_path: pathlib.Path) -> None:
    lazy = record(tmp_path / "lazy.capture.txt", "--lazy")
    checks, strict = played(lazy), played(recorded)
    assert checks["failed"] == 0 and checks["classes"]["translations"]["checked"] > LEAST["translations"], checks
    assert checks["classes"]["registers"]["checked"] * 4 < strict["classes"]["registers"]["checked"], (checks, strict)
