# SPDX-License-Identifier: Apache-2.0
import importlib.util
import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT)]
from layout import emit_python, gate, load  # noqa: E402  the package lies in the root of the tree


@pytest.fixture(scope="session")
def layouts():
    return load.load_tree(ROOT)


@pytest.fixture(scope="session")
def spaces():
    return load.load_spaces(ROOT)


@pytest.fixture(scope="session")
def known(layouts):
    return gate.features(layouts)


@pytest.fixture(scope="session")
def constants(layouts, known, spaces, tmp_path_factory):
    """The generated Python module."""
    path = tmp_path_factory.mktemp("generated") / "amdvi_layout.py"
    path.write_text(emit_python.module(layouts, known, spaces), encoding="utf-8")
    specification = importlib.util.spec_from_file_location("amdvi_layout", path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def work(tmp_path_factory):
    """Where the driver's header is kept between runs: the build tree when CTest runs us."""
    folder = os.environ.get("AMDVI_LAYOUT_WORK")
    return Path(folder) if folder else tmp_path_factory.mktemp("kernel")
