# SPDX-License-Identifier: Apache-2.0
"""Help, versions and mistakes on the command line."""
import pytest

SUBCOMMANDS = ["replay", "import", "convert", "decode", "explain", "inspect", "config", "bench"]


def test_help_names_every_subcommand(amdvi):
    done = amdvi("--help")
    assert done.returncode == 0
    for name in SUBCOMMANDS:
        assert f"\n  {name} " in done.stdout


def test_version(amdvi):
    done = amdvi("--version")
    assert done.returncode == 0 and done.stdout.startswith("amdvi ")


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_help_of_a_subcommand(amdvi, name):
    done = amdvi(name, "--help")
    assert done.returncode == 0
    for part in ("usage: amdvi " + name, "examples:", "exit codes:", "--help"):
        assert part in done.stdout
    assert amdvi("help", name).stdout == done.stdout


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_unknown_option(amdvi, name):
    done = amdvi(name, "--no-such-option")
    assert done.returncode == 2 and "--no-such-option" in done.stderr and not done.stdout


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["--nonsense"], ["replay"], ["convert", "x"], ["import"],
                                       ["explain"], ["inspect"], ["decode"], ["config", "word"],
                                       ["bench", "--seconds", "soon"], ["bench", "--filter", "zzz"],
                                       ["replay", "--set"], ["replay", "--set", "caches", "x"]])
def test_wrong_command_lines(amdvi, arguments):
    done = amdvi(*arguments)
    assert done.returncode == 2 and done.stderr
