# SPDX-License-Identifier: Apache-2.0
"""Man pages and completion, made from what --help says: as the tools that read them see them."""
from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

AMDVI = os.environ.get("AMDVI", "amdvi")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "manual"))
import help_text  # noqa: E402
import make  # noqa: E402

FILES = make.files(AMDVI)
PAGES = {name: text for name, text in FILES.items() if name.startswith("man/")}


def tool(name: str) -> str:
    path = shutil.which(name)
    return path or pytest.skip(f"{name} is not installed")


def printed(page: str) -> str:
    """The page as groff prints it, without a warning and without bold."""
    done = subprocess.run([tool("groff"), "-man", "-ww", "-Tascii", "-P-c", "-rLL=2000n", "-rHY=0"], input=page,
                          capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return re.sub(r".\x08", "", done.stdout)


def test_every_subcommand_has_its_page():
    shown = subprocess.run([AMDVI, "--help"], capture_output=True, text=True, check=True).stdout
    names = re.findall(r"^  ([a-z]+) ", shown, re.MULTILINE)
    assert len(names) > 8
    assert {f"man/man1/amdvi-{name}.1" for name in names} | {"man/man1/amdvi.1"} == set(PAGES)
    for name in names:
        assert rf"\fBamdvi\-{name}\fR(1)" in PAGES["man/man1/amdvi.1"]


@pytest.mark.parametrize("name", PAGES)
def test_groff_has_nothing_to_say(name):
    plain = printed(PAGES[name])
    for section in ("NAME", "SYNOPSIS", "EXIT STATUS"):
        assert re.search(f"^{section}$", plain, re.MULTILINE)


@pytest.mark.parametrize("name", [name for name in PAGES if "-" in name])
def test_a_page_says_all_that_the_help_says(name):
    """Words of --help, in their order, as groff prints them."""
    subcommand = re.search(r"amdvi-(\w+)", name)[1]
    shown = subprocess.run([AMDVI, subcommand, "--help"], capture_output=True, text=True, check=True).stdout
    page = set(printed(PAGES[name]).split())
    missing = {word for word in shown.replace("`", "").split() if word not in page and word.rstrip(";,") not in page}
    assert missing <= {"usage:", "examples:", "exit", "codes:"}


def bash_completes(tmp_path, *words: str) -> list[str]:
    """What bash offers for the last word."""
    script = tmp_path / "amdvi"
    script.write_text(FILES["bash-completion/completions/amdvi"])
    line = " ".join(f"'{word}'" for word in words)
    run = (f"set -u; source {script}; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _amdvi; "
           'printf "%s\\n" "${COMPREPLY[@]-}"')
    done = subprocess.run([tool("bash"), "--norc", "-c", run], capture_output=True, text=True, cwd=tmp_path)
    return done.stdout.split()


@pytest.mark.parametrize("words, wanted", [
    (["amdvi", "rep"], ["replay"]), (["amdvi", "help", "conv"], ["convert"]),
    (["amdvi", "replay", "--lint-s"], ["--lint-suppress", "--lint-sarif"]),
    (["amdvi", "replay", "--lint-regime", ""], ["auto", "sync", "queued"]),
    (["amdvi", "convert", "x", "--to", "b"], ["binary"]), (["amdvi", "config", "--preset", "gen"], ["genoa"]),
    (["amdvi", "replay", "--set", "cach"], ["cache.policy=", "caches="]), (["amdvi", "replay", "--set", "preset", "=", "tu"], ["turin"]),
    (["amdvi", "config", "--set", "preset", "="], None), (["amdvi", "replay", "a"], ["amdvi"])])
def test_bash_completes(tmp_path, words, wanted):
    found = bash_completes(tmp_path, *words)
    assert found == (wanted if wanted is not None else help_text.keys_of(AMDVI).presets)


def test_every_option_is_completed_by_each_shell():
    _, pages = help_text.read(AMDVI)
    for page in pages:
        for option in page.options:
            assert option.name in FILES["bash-completion/completions/amdvi"]
            assert f"'*{option.name}[" in FILES["zsh/vendor-completions/_amdvi"]
            assert f"from {page.name}'" in FILES["fish/vendor_completions.d/amdvi.fish"]
            assert f"-l {option.name[2:]} " in FILES["fish/vendor_completions.d/amdvi.fish"]


@pytest.mark.parametrize("shell, name", [("zsh", "zsh/vendor-completions/_amdvi"),
                                         ("fish", "fish/vendor_completions.d/amdvi.fish"),
                                         ("bash", "bash-completion/completions/amdvi")])
def test_shells_read_them(tmp_path, shell, name):
    path = tmp_path / "completion"
    path.write_text(FILES[name])
    done = subprocess.run([tool(shell), "-n", path], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_fish_offers_them(tmp_path):
    path = tmp_path / "amdvi.fish"
    path.write_text(FILES["fish/vendor_completions.d/amdvi.fish"])
    done = subprocess.run([tool("fish"), "--no-config", "-c", f"source {path}; complete -C 'amdvi convert --to '"],
                          capture_output=True, text=True, env=os.environ | {"HOME": str(tmp_path)})
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == ["binary", "text"]


def test_help_of_another_form_is_refused():
    with pytest.raises(help_text.HelpError, match="x: usage"):
        help_text.parse("x", "", "usage: amdvi x\n\nDoes nothing.\n")
    with pytest.raises(help_text.HelpError, match="no option"):
        help_text.parse("x", "", "usage: x\n\n  -h, --help  this\n odd line\n\nexit codes: 0 done\n")
