# SPDX-License-Identifier: Apache-2.0
"""Help, versions and mistakes on the command line."""
import pytest

SUBCOMMANDS = ["replay", "import", "convert", "decode", "explain", "inspect", "compare", "config", "bench"]


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


@pytest.mark.parametrize("arguments, said", [
    (["explain", "x", "--line", "0"], "--line: lines count from 1"),
    (["inspect", "x", "--at", "0"], "--at: lines count from 1"),
    (["explain", "x", "--dev", "1:2"], "--dev: '1:2' is no DeviceID"),
    (["inspect", "x", "--tables", "zz"], "--tables: 'zz' is no DeviceID"),
    (["inspect", "x", "--irt", "zz"], "--irt: 'zz' is no DeviceID"),
    (["inspect", "x", "--dte=zz"], "--dte: 'zz' is no DeviceID"),
    (["inspect", "first", "second"], "'second' is too much"),
    (["explain", "first", "second", "--line", "1"], "'second' is too much"),
    (["convert", "first", "second", "-o", "out"], "'second' is too much"),
    (["explain", "x", "--len", "0"], "--len: at least 1"),
    (["bench", "--runs", "0"], "--runs: at least 1"),
    (["decode", "--as", "zz", "0"], "--as: no layout 'zz'"),
    (["decode", "--as", "v1", "1", "2"], "--as: 128 bits are given, v1 has 64"),
    (["decode", "--register", "0x19", "0"], "--register: no register begins at 0x19; it lies inside control"),
    (["config", "--diff", "spec=3.05"], "--diff compares two settings, KEY=VALUE KEY=VALUE, not 1"),
    (["config", "--diff", "spec=3.05", "spec=4"], "spec=4: "),
    (["config", "--diff", "spec", "spec=3.05"], "not 'spec'"),
    (["replay", "-qz", "x"], "option '-z' is not known"),
    (["replay", "--json=3", "x"], "option '--json=3' takes no value"),
])
def test_mistakes_name_the_argument(amdvi, arguments, said):
    done = amdvi(*arguments)
    assert done.returncode == 2 and said in done.stderr, done.stderr
