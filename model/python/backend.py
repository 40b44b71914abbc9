# SPDX-License-Identifier: Apache-2.0
"""Builds the wheel of the package `amdvi` for `pip install .`, with nothing but CMake: no other package is downloaded.

pip calls the functions here (PEP 517). The tree is built as `scripts/demo` builds it, but without tests; what the
build installs for Python goes into the wheel. `--config-settings build=FOLDER` takes a folder that is built already.
"""
from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TAG = "cp311-abi3-linux_x86_64"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the same files give the same wheel
PYTHON = "/usr/bin/python3"  # Debian's, which has cffi and its headers


def version() -> str:
    found = re.search(r"^project\(amdvi[^)]*VERSION ([0-9.]+)", (ROOT / "CMakeLists.txt").read_text(), re.MULTILINE)
    if not found:
        raise SystemExit("CMakeLists.txt: project(amdvi VERSION ...) is missing")
    return found[1]


def metadata() -> str:
    facts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needs = "".join(f"Requires-Dist: {name}\n" for name in facts["dependencies"])
    return (f"Metadata-Version: 2.1\nName: {facts['name']}\nVersion: {version()}\nSummary: {facts['description']}\n"
            f"License: Apache-2.0\nRequires-Python: {facts['requires-python']}\n{needs}")


def run(*command: str | Path) -> None:
    print("==>", *command, flush=True)
    # pip keeps the packages of the system from what it starts; CMake needs Debian's Python with them.
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    try:
        subprocess.run([str(word) for word in command], check=True, cwd=ROOT, env=plain)
    except FileNotFoundError:
        raise SystemExit(f"{command[0]} is missing; scripts/setup build installs what it takes") from None
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"{command[0]} failed ({error.returncode}); scripts/setup build installs what it takes") from None


def build(folder: Path) -> None:
    """The extension and its Python files, in a build folder of their own."""
    run("cmake", "-S", ROOT, "-B", folder, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DBUILD_TESTING=OFF",
        f"-DAMDVI_PYTHON={PYTHON}")
    run("cmake", "--build", folder, "--target", "amdvi-python")


def installed(folder: Path, stage: Path) -> dict[str, bytes]:
    """Files of the package by their names in the wheel."""
    run("cmake", "--install", folder, "--component", "python", "--prefix", stage)
    files = {path.relative_to(path.parent.parent).as_posix(): path.read_bytes()
             for path in sorted(stage.glob("lib/python3*/*-packages/amdvi/*")) if path.is_file()}
    if "amdvi/_amdvi.abi3.so" not in files:
        raise SystemExit("the build has no Python extension: python3-cffi or python3-dev is missing")
    return files


def record(files: dict[str, bytes], name: str) -> bytes:
    """RECORD of the wheel: each file with its digest and size."""
    def line(path: str, data: bytes) -> str:
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        return f"{path},sha256={digest},{len(data)}\n"
    return ("".join(line(*item) for item in files.items()) + f"{name},,\n").encode()


def about(info: str) -> dict[str, bytes]:
    """What the wheel says of itself, by file name."""
    return {f"{info}/METADATA": metadata().encode(), f"{info}/LICENSE": (ROOT / "LICENSE").read_bytes(),
            f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: amdvi\nRoot-Is-Purelib: false\nTag: {TAG}\n".encode()}


def pack(files: dict[str, bytes], wheel: Path) -> None:
    info = f"amdvi-{version()}.dist-info"
    files = files | about(info)
    files[f"{info}/RECORD"] = record(files, f"{info}/RECORD")
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr, entry.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
            out.writestr(entry, data)


# --- what pip calls ---

def build_wheel(wheel_directory: str, config_settings: dict[str, str] | None = None,
                metadata_directory: str | None = None) -> str:
    """Writes the wheel into a folder and returns its name."""
    name = f"amdvi-{version()}-{TAG}.whl"
    with tempfile.TemporaryDirectory() as scratch:
        given = (config_settings or {}).get("build")
        folder = Path(given).resolve() if given else Path(scratch, "build")
        if not given:
            build(folder)
        pack(installed(folder, Path(scratch, "stage")), Path(wheel_directory, name))
    return name


def prepare_metadata_for_build_wheel(metadata_directory: str, config_settings: dict[str, str] | None = None) -> str:
    """What the wheel says of itself, without building it."""
    info = f"amdvi-{version()}.dist-info"
    Path(metadata_directory, info).mkdir()
    for name, data in about(info).items():
        Path(metadata_directory, name).write_bytes(data)
    return info


def get_requires_for_build_wheel(config_settings: dict[str, str] | None = None) -> list[str]:
    return []


def build_sdist(sdist_directory: str, config_settings: dict[str, str] | None = None) -> str:
    """The tracked files of the tree."""
    stem = f"amdvi-{version()}"
    run("git", "archive", "--format=tar.gz", f"--prefix={stem}/", "-o", Path(sdist_directory, f"{stem}.tar.gz"), "HEAD")
    return f"{stem}.tar.gz"


if __name__ == "__main__":
    print(build_wheel(sys.argv[1] if len(sys.argv) > 1 else "."))
