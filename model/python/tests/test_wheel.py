# SPDX-License-Identifier: Apache-2.0
"""`pip install .` in a virtual environment, without network."""
from __future__ import annotations

import os
import subprocess
import sys
import zipfile

import pytest

from conftest import ROOT

BUILD = os.environ.get("AMDVI_BUILD")
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_"))}
pytestmark = pytest.mark.skipif(not BUILD, reason="AMDVI_BUILD names no build folder")


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, env=CLEAN, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """A virtual environment that sees Debian's packages, with the wheel in it."""
    folder = tmp_path_factory.mktemp("venv")
    try:
        run(sys.executable, "-m", "venv", "--system-site-packages", folder)
    except AssertionError as error:
        pytest.skip(f"no virtual environment can be made (package python3-venv): {error}")
    run(folder / "bin/pip", "install", "--no-index", "--quiet", "--config-settings", f"build={BUILD}", ROOT)
    return folder


def test_the_installed_package_works(environment, tmp_path):
    python = environment / "bin/python"
    where = run(python, "-c", "import amdvi; print(amdvi.__file__, amdvi.version())", cwd=tmp_path).split()
    assert where[0].startswith(str(environment)) and where[1].count(".") == 2
    assert "0x55000" in run(python, ROOT / "docs/examples/first.py", cwd=tmp_path)


def test_pip_knows_it(environment):
    shown = run(environment / "bin/pip", "show", "--files", "amdvi")
    for word in ("Name: amdvi", "License: Apache-2.0", "Requires: cffi", "amdvi/timed.py", "amdvi/py.typed"):
        assert word in shown


def test_equal_files_equal_wheel(tmp_path):
    sys.path.insert(0, str(ROOT / "model" / "python"))
    import backend
    wheels = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        wheels.append(tmp_path / name / backend.build_wheel(str(tmp_path / name), {"build": BUILD}))
    assert wheels[0].read_bytes() == wheels[1].read_bytes()
    with zipfile.ZipFile(wheels[0]) as wheel:
        assert wheel.testzip() is None
        lines = wheel.read(f"amdvi-{backend.version()}.dist-info/RECORD").decode().splitlines()
        assert {line.split(",")[0] for line in lines} == set(wheel.namelist())


def test_a_folder_that_is_not_built_is_refused(tmp_path):
    sys.path.insert(0, str(ROOT / "model" / "python"))
    import backend
    with pytest.raises(SystemExit, match="scripts/setup"):
        backend.build_wheel(str(tmp_path), {"build": str(tmp_path)})
