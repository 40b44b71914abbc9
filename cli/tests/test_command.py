# SPDX-License-Identifier: Apache-2.0
"""Help, versions and mistakes on the command line."""
import os
import re
import shutil
import signal
import subprocess

import pytest

from conftest import AMDVI, ROOT

SUBCOMMANDS = ["replay", "import", "convert", "decode", "explain", "inspect", "compare", "config", "bench", "run", "study",
               "validate", "vm", "top", "kit"]


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
    assert amdvi(name, *(["--jobs", "2"] if name == "kit" else []), "-h").stdout == done.stdout
    if name in ("study", "kit"):
        assert amdvi(name, "tenants", "--help").stdout == done.stdout


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
    (["explain", "x", "--line", "1", "--op", "write"], "--line goes without --at, and without what makes a request up: --dev, "),
    (["explain", "x", "--line", "1", "--at", "2"], "--line goes without --at"),
    (["kit", "--jobs", "many"], "argument -j/--jobs: invalid int value: 'many'; see amdvi kit --help"),
    (["study", "tenants", "--cores", "many"], "argument -c/--cores: invalid int value: 'many'; see amdvi study --help"),
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
    (["study", "tenants", "--cores", "9" * 30], "--cores wants 1 to 65536"),
    (["study", "tenants", "--shard", ""], "--shard wants I/N with 1 <= I <= N, not ''"),
    (["study", "tenants", "--shard", "\u00b2/3"], "--shard wants I/N with 1 <= I <= N, not '\u00b2/3'"),
    (["replay", "x", "--json", "--csv", "-"], "--csv - and --json both go to standard output"),
    (["replay", "x", "--check", "--lint-sarif", "-"], "--lint-sarif - and --check both go to standard output"),
    (["run", "x", "--csv", "--timeline", "-"], "--timeline - and --csv both go to standard output"),
    (["import", "/dev/null", "-o", "y"], "/dev/null is read more than once: a file is wanted, no pipe or device"),
    (["replay", "/dev/null", "--write-expectations", "-o", "y"], "/dev/null is read more than once: a file is wanted, no pipe or device"),
    (["import", "x", "-o", "y", "--binary", "--text"], "--binary and --text are two forms, and OUT has one"),
    (["import", "x", "-o", "y", "--text", "--binary"], "--binary and --text are two forms, and OUT has one"),
    (["replay", "-qz", "x"], "option '-z' is not known"),
    (["replay", "--json=3", "x"], "option '--json=3' takes no value"),
])
def test_mistakes_name_the_argument(amdvi, tmp_path, arguments, said):
    done = amdvi(*arguments, cwd=tmp_path)
    assert done.returncode == 2 and said in done.stderr, done.stderr
    assert done.stderr.startswith(f"amdvi {arguments[0]}: ") and done.stderr.count("\n") == 1


def test_one_table_of_exit_codes(amdvi):
    """The manual's table says what each --help says, and names every subcommand."""
    page = (ROOT / "docs/commands/README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[(\w+)\]\(\w+\.md\) \| (.*) \| (.*) \| (.*) \|$", page, re.M)
    assert sorted(row[0] for row in rows) == sorted(SUBCOMMANDS)
    for name, *meanings in rows:
        said = " ".join(re.search(r"exit codes: (.*)", amdvi(name, "--help").stdout, re.S)[1].split())
        assert said == "; ".join(f"{code} {text}" for code, text in enumerate(meanings) if text != "\u2013"), name


# Which of 0, 1 and 2 comes out; the file is SMALL, or one of those below.
@pytest.mark.parametrize("status, arguments", [
    (0, ["replay", "small"]), (1, ["replay", "wrong"]), (2, ["replay", "broken"]), (2, ["replay", "nowhere"]),
    (2, ["replay", "small", "--lint-suppress", "nowhere"]), (2, ["explain", "small", "--line", "99"]), (2, ["explain", "small", "--line", "2"]),
    (2, ["inspect", "small", "--at", "1"]), (2, ["top", "broken"]), (2, ["top", "nowhere"]), (2, ["compare", "nowhere", "small"]),
    (0, ["explain", "small", "--dev", "0x100", "--addr", "0x6000"]), (2, ["explain", "broken", "--line", "2"]),
    (0, ["inspect", "small"]), (2, ["inspect", "broken"]), (0, ["convert", "small", "-o", "copy"]),
    (2, ["convert", "broken", "-o", "copy"]), (0, ["import", "small", "-o", "copy"]), (2, ["import", "broken", "-o", "copy"]),
    (0, ["decode", "--list"]), (2, ["decode", "zz"]), (2, ["compare", "small", "small"]), (0, ["config"]),
    (2, ["config", "--set", "caches=3"]), (2, ["validate", "--filter", "V0"]), (2, ["run", "broken"]), (2, ["run", "nowhere"]),
    (2, ["vm"]), (2, ["study", "nowhere"]), (2, ["bench", "--filter", "nothing"])])
def test_exit_codes_and_the_form_of_messages(amdvi, small, tmp_path, status, arguments):
    (tmp_path / "small").write_text(small.read_text())
    (tmp_path / "wrong").write_text(small.read_text() + "expect_mem addr=0x0 data=77\n")
    (tmp_path / "broken").write_text("amdvi-trace 1\nnonsense\n")
    done = amdvi(*arguments, cwd=tmp_path)
    assert done.returncode == status, done.stderr
    if status == 2:
        form = rf"^(amdvi {arguments[0]}|(small|broken|nowhere)(:\d+)?): \S.*$"
        assert all(re.match(form, line) for line in done.stderr.splitlines()) and done.stderr, done.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["help"], ["help", "replay"], ["replay", "--help"], ["config"], ["convert", "small.trace", "-o", "-"],
                                       ["convert", "small.trace", "-o", "/dev/full"], ["import", "small.trace", "-o", "-"], ["replay", "-q", "small.trace", "--csv", "-"]],
                         ids=" ".join)
@pytest.mark.parametrize("stdout", [">/dev/full", ">&-"])
def test_output_that_does_not_arrive_is_told_once(small, arguments, stdout):
    done = subprocess.run(["sh", "-c", f'"$0" "$@" {stdout}', AMDVI, *arguments], stderr=subprocess.PIPE, text=True, check=False, cwd=small.parent)
    assert done.returncode == 2
    assert re.fullmatch(r"amdvi( \w+)?: writing .* failed.*\n", done.stderr), done.stderr


@pytest.mark.parametrize("arguments", [["replay", "-q"], ["inspect"], ["convert", "-o", "out"], ["import", "-o", "out"]], ids=" ".join)
def test_a_closed_input_is_no_empty_one(tmp_path, arguments):
    done = subprocess.run(["sh", "-c", '"$0" "$@" - <&-', AMDVI, *arguments], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "Bad file descriptor" in done.stderr, done.stderr


EVENTS = ROOT / "traces/samples/linux-ftrace-sample.txt"


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", [["config"], ["decode", "--list"], ["kit", "--list"], ["study", "--list"], ["import", EVENTS, "-q", "-o", "-"],
                                       ["import", EVENTS, "-q", "-o", "-", "--binary", "--iommu", "0"]], ids=lambda words: " ".join(map(str, words[:1] + words[3:])))
def test_a_reader_that_has_seen_enough_is_no_mistake(arguments, unbuffered):
    """As `amdvi ... | head` ends, also where the subcommand is Python."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([AMDVI, *map(str, arguments)], stdout=writing, stderr=subprocess.PIPE, text=True, check=False,
                          env=os.environ | {"PYTHONUNBUFFERED": unbuffered})
    os.close(writing)
    assert done.stderr == "" and done.returncode in (-signal.SIGPIPE, 128 + signal.SIGPIPE)


@pytest.mark.parametrize("setting, said", [("caches=3", "is none of on|off"), ("ptc.log2_entries=17", "is not 0 to 16"),
                                           ("cache=on", "unknown configuration key")])
def test_settings_say_what_was_expected(amdvi, tmp_path, setting, said):
    trace = tmp_path / "a.trace"
    trace.write_text(f"amdvi-trace 1\nconfig {setting}\nrun\n")
    assert f"--set {setting}: {said}; see" in amdvi("config", "--set", setting).stderr
    assert amdvi("replay", trace).stderr == f"{trace}:2: config {setting}: {said}\n"


WITHOUT_PROC = ["unshare", "--map-root-user", "--mount", "sh", "-ec", 'mount -t tmpfs none /proc; exec "$@"', "sh"]


@pytest.mark.parametrize("around", [[], WITHOUT_PROC], ids=["proc", "no-proc"])
def test_parts_in_python_are_found_beside_the_command(tmp_path, around):
    """As installed, the command started by a link to it; in a bare chroot there is no /proc."""
    if around and subprocess.run([*around, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount")
    module = tmp_path / "share/amdvi/kit/amdvi_kit"
    module.mkdir(parents=True)
    (module / "__main__.py").write_text("print('found beside the command')\n", encoding="ascii")
    (tmp_path / "bin").mkdir()
    shutil.copy(os.environ["AMDVI"], tmp_path / "bin/amdvi")
    (tmp_path / "link").symlink_to("bin/amdvi")
    done = subprocess.run([*around, tmp_path / "link", "kit"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "found beside the command\n"), done.stderr
