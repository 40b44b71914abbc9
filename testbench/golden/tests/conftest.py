# SPDX-License-Identifier: Apache-2.0
"""Finds the package and the shared conformance traces."""
from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

TESTBENCH = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TESTBENCH))


def shared() -> Path:
    """AMDVI_SHARED, else a directory `shared` beside the repository."""
    return Path(os.environ.get("AMDVI_SHARED", TESTBENCH.parents[1] / "shared"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "given_trace" in metafunc.fixturenames:
        found = sorted(shared().glob("conformance/*/*.trace"))
        params = [pytest.param(path, id=f"{path.parent.name}/{path.stem}") for path in found]
        nothing = [pytest.param(None, marks=pytest.mark.skip("no conformance traces"))]
        metafunc.parametrize("given_trace", params or nothing)
