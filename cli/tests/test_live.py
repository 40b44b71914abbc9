# SPDX-License-Identifier: Apache-2.0
"""`amdvi replay --live`, `amdvi top`, and what `amdvi vm` refuses."""
from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

AMDVI = os.environ["AMDVI"]
SAMPLES = Path(__file__).resolve().parents[2] / "traces/samples"


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([AMDVI, *words], capture_output=True, text=True, check=False, env={**os.environ, **environment})


def sample() -> str:
    return str(next(SAMPLES.glob("*linux61*.zst")))


def test_top_shows_what_a_replay_has_done(tmp_path: Path) -> None:
    page = tmp_path / "live"
    played = run("replay", "--json", "--lint", "--live", str(page), sample())
    counters = json.loads(played.stdout)["files"][0]["statistics"]
    shown = run("top", str(page), "--once")
    assert shown.returncode == 0
    assert "ended" in shown.stdout and "lint:" in shown.stdout
    for name in ("requests", "commands", "interrupts"):
        row = re.search(rf"^  {name} +(\d+)$", shown.stdout, re.M)
        assert row and int(row[1]) == counters[name]
    ring = re.search(r"command ring +head +(\S+) +tail +(\S+) +of +(\S+) +(\d+) entries", shown.stdout)
    assert ring and ring[1] == ring[2] and int(ring[4]) == counters["commands"]


def test_top_ends_with_the_device(tmp_path: Path) -> None:
    page = tmp_path / "live"
    run("replay", "-q", "--live", str(page), sample())
    shown = run("top", str(page), "--interval", "50")
    assert shown.returncode == 0 and shown.stdout.count("amdvi top") == 1


@pytest.mark.parametrize("content", [b"", b"x" * 10, bytes(4096), b"AMVL" + b"\xff" * 4092])
def test_what_is_no_page_is_refused(tmp_path: Path, content: bytes) -> None:
    page = tmp_path / "page"
    page.write_bytes(content)
    shown = run("top", str(page))
    assert shown.returncode == 2 and shown.stderr in (f"{page}: not the live page of a device\n", f"{page}: the live page is of another version of amdvi\n")


def test_top_without_a_machine(tmp_path: Path) -> None:
    shown = run("top", XDG_RUNTIME_DIR=str(tmp_path))
    assert shown.returncode == 2 and "no machine runs" in shown.stderr


def test_who_looks_at_an_old_page_keeps_it(tmp_path: Path) -> None:
    """Whoever has mapped a page must not meet a shorter file; a link to it stays a link, and its rights stay."""
    page, link = tmp_path / "live", tmp_path / "link"
    assert run("replay", "-q", "--live", str(page), sample()).returncode == 0
    assert page.stat().st_mode & 0o777 == 0o600
    page.chmod(0o644)
    link.symlink_to(page)
    with page.open("rb") as old:
        was = old.read()
        assert run("replay", "-q", "--live", str(link), sample()).returncode == 0
        old.seek(0)
        assert old.read() == was and os.fstat(old.fileno()).st_ino != page.stat().st_ino
    assert link.is_symlink() and page.stat().st_mode & 0o777 == 0o644
    assert run("top", str(page), "--once").returncode == 0 and sorted(tmp_path.iterdir()) == [link, page]


@pytest.mark.parametrize("place", ["/dev/null", "-", ".", "absent/live"])
def test_what_cannot_be_a_live_page_is_refused(tmp_path: Path, place: str) -> None:
    played = subprocess.run([AMDVI, "replay", "-q", "--live", place, sample()], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert played.returncode == 2 and re.fullmatch(r"amdvi replay: \S.*\n", played.stderr)
    assert place in played.stderr and not played.stdout and not list(tmp_path.iterdir())


def test_one_file_for_a_live_page(tmp_path: Path) -> None:
    played = run("replay", "--live", str(tmp_path / "live"), sample(), sample())
    assert played.returncode == 2 and "--live" in played.stderr


def fake_qemu(tmp_path: Path) -> dict[str, str]:
    """Prints its arguments, as a QEMU that ends at once."""
    program = tmp_path / "qemu"
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    (tmp_path / "object.so").touch()
    return {"XDG_RUNTIME_DIR": str(tmp_path), "AMDVI_QEMU_OBJECT": str(tmp_path / "object.so")}


def test_vm_adds_object_machine_and_device(tmp_path: Path) -> None:
    environment = fake_qemu(tmp_path)
    shown = run("vm", "--qemu", str(tmp_path / "qemu"), "--set", "preset=milan", "--record", "a,b", "--", "-m", "1G", **environment)
    words = shown.stdout.splitlines()
    assert shown.returncode == 0
    assert words[:4] == ["-machine", "q35", "-plugin", environment["AMDVI_QEMU_OBJECT"]]
    assert words[4] == "-device" and words[5].startswith("amdvi-iommu,preset=milan,lint=on,live=")
    assert words[5].endswith(",record=a,,b") and words[6:] == ["-m", "1G"]


def test_vm_leaves_what_the_user_says(tmp_path: Path) -> None:
    environment = fake_qemu(tmp_path)
    shown = run("vm", "--no-lint", "--qemu", str(tmp_path / "qemu"), "--", "-M", "q35,accel=tcg", "-device", "amdvi-iommu,intremap=off",
                "-device", "amdvi-iommu-extra,root=far", **environment)
    words = shown.stdout.splitlines()
    assert words[:3] == ["-plugin", environment["AMDVI_QEMU_OBJECT"], "-M"]
    assert words[5].startswith("amdvi-iommu,intremap=off,lint=off,live=") and words[7].startswith("amdvi-iommu-extra,root=far,lint=off,")
    assert len(words) == 8


def test_vm_records_qemus_own_device(tmp_path: Path) -> None:
    environment = fake_qemu(tmp_path)
    shown = run("vm", "--qemu-iommu", "--qemu", str(tmp_path / "qemu"), "--record", "a,b", "--", "-m", "1G", **environment)
    words = shown.stdout.splitlines()
    assert words[:4] == ["-machine", "q35", "-plugin", environment["AMDVI_QEMU_OBJECT"] + ",capture=a,,b"]
    assert words[4:] == ["-device", "amd-iommu,intremap=on", "-m", "1G", "  recorded   a,b: amdvi replay --lint a,b"]
    lazy = run("vm", "--qemu-iommu", "--no-npcache", "--qemu", str(tmp_path / "qemu"), "--record", "a", "--", "-m", "1G", **environment)
    assert lazy.stdout.splitlines()[3] == environment["AMDVI_QEMU_OBJECT"] + ",capture=a,npcache=off"
    named = run("vm", "--qemu-iommu", "-q", "--qemu", str(tmp_path / "qemu"), "--record", "a", "--", "-device", "amd-iommu,intremap=off", **environment)
    assert named.stdout.splitlines()[4:] == ["-device", "amd-iommu,intremap=off"]


def test_vm_speaks_of_no_recording_when_qemu_failed(tmp_path: Path) -> None:
    environment = fake_qemu(tmp_path)
    (tmp_path / "qemu").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    failed = run("vm", "--qemu-iommu", "--qemu", str(tmp_path / "qemu"), "--record", "a", "--", "-m", "1G", **environment)
    assert (failed.returncode, failed.stdout) == (1, "")


@pytest.mark.parametrize(("words", "told"), [
    (("vm", "--qemu-iommu", "--"), "wants --record"),
    (("vm", "--qemu-iommu", "--record", "a", "--set", "preset=rome", "--"), "takes no --json"),
    (("vm", "--qemu-iommu", "--record", "a", "--no-lint", "--"), "takes no --json"),
    (("vm", "--qemu-iommu", "--record", "a", "--", "-device", "amdvi-iommu"), "is named, too"),
    (("vm", "--no-npcache", "--", "-m", "1G"), "about --qemu-iommu"),
    (("vm", "-m", "1G"), "is not known"),
    (("vm",), "behind --"),
    (("vm", "--set", "nonsense=1", "--"), "nonsense"),
    (("vm", "--object", "/nonexistent/object", "--"), "no such object"),
])
def test_vm_refuses(tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    shown = run(*words, **fake_qemu(tmp_path))
    assert shown.returncode == 2 and told in shown.stderr


def test_vm_without_qemu(tmp_path: Path) -> None:
    shown = run("vm", "--qemu", str(tmp_path / "absent"), "--", **fake_qemu(tmp_path))
    assert shown.returncode == 2 and "absent" in shown.stderr
