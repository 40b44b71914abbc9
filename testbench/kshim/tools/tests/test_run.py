# SPDX-License-Identifier: GPL-2.0-only
"""What `run` makes of the end of kshim-run, and which names that takes. No kernel is needed."""
import argparse
import os
import subprocess
from types import SimpleNamespace

import pytest

from kshim.tools import __main__ as command
from kshim.tools import kernels, source
from kshim.tools.errors import Unavailable


@pytest.fixture(name="status_of")
def fixture_status_of(tmp_path, monkeypatch):
    """The status of `run` when kshim-run is a script of these lines, one for each kernel."""
    def run(*scripts):
        wishes = [SimpleNamespace(path="tree", modified=False, number=number) for number in range(len(scripts))]
        runner = tmp_path / "kshim-run"
        runner.write_text("#!/bin/sh\n" + "".join(f'[ "$2" != {number} ] || {{ {line}; }}\n' for number, line in enumerate(scripts)),
                          encoding="utf-8")
        runner.chmod(0o755)
        monkeypatch.setenv("KSHIM_RUN", str(runner))
        monkeypatch.setattr(kernels, "wanted", lambda names, modified=False: wishes)
        monkeypatch.setattr(kernels, "made", lambda wish, added=None: SimpleNamespace(instance=wish.number))
        return command.run_scenarios(argparse.Namespace(systemc=False, guest=[], kernel=[], modified=False, add=None, rest=[]))

    return run


@pytest.mark.parametrize(("scripts", "wanted"), [
    (("exit 0", "exit 0"), 0), (("exit 1", "exit 0"), 1), (("exit 0", "exit 2"), 2),
    (("kill -SEGV $$",), 139), (("kill -KILL $$", "exit 1"), 137), (("exit 0", "kill -ALRM $$"), 142)])
def test_what_ends_by_a_signal_has_failed(status_of, scripts, wanted):
    assert status_of(*scripts) == wanted


def test_a_version_is_looked_for_among_packages_then_in_what_was_fetched(tmp_path, monkeypatch):
    packages, fetched = tmp_path / "packages", tmp_path / "fetched"
    monkeypatch.setattr(source, "PACKAGED", packages)
    monkeypatch.setenv("KSHIM_BUILDS", str(fetched))
    monkeypatch.delenv("KERNEL_SRC", raising=False)
    for folder, version in ((fetched, "6.1"), (fetched, "7.3"), (packages, "6.1"), (packages, "6.12")):
        folder.mkdir(exist_ok=True)
        (folder / f"linux-source-{version}.tar.xz").touch()
    found = kernels.wanted(["6.1", "7.3", "6.12"])
    assert [(one.version, one.path.parent.name) for one in found] == [("6.1", "packages"), ("7.3", "fetched"), ("6.12", "packages")]
    with pytest.raises(Unavailable, match="linux-source-6 is not installed.*fetch SUITE 6"):
        kernels.wanted(["6"])


@pytest.mark.skipif("KSHIM_RUN" not in os.environ, reason="there is no kshim-run")
@pytest.mark.parametrize("names", [("nonsense",), ("mapping/*", "mapping/nonsense"), ("nonsense/*",)])
def test_a_name_that_no_scenario_has_is_refused(names):
    """Before the kernel is looked at: what is there is none."""
    done = subprocess.run([os.environ["KSHIM_RUN"], "--object", "/dev/null", *names], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and f"there is no scenario {names[-1]}" in done.stderr


@pytest.mark.skipif("KSHIM_RUN" not in os.environ, reason="there is no kshim-run")
@pytest.mark.parametrize("names", [(), ("mapping/*", "boot/genoa/*"), ("nested/attach",)])
def test_names_of_any_version_are_taken(names):
    done = subprocess.run([os.environ["KSHIM_RUN"], "--object", "/dev/null", *names], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "/dev/null" in done.stderr and "no scenario" not in done.stderr
