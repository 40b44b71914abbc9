# SPDX-License-Identifier: Apache-2.0
"""scripts/check-abi in a tree of its own, on a library of two functions, whose last release is the first one below."""
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

HEADER = """struct amdvi_memory { void *context; };
struct amdvi_result { int status; };
int amdvi_do(const struct amdvi_memory *memory, struct amdvi_result *result);
enum amdvi_lint_kind { AMDVI_LINT_FIRST, AMDVI_LINT_KINDS };
int amdvi_undo(enum amdvi_lint_kind what);
"""
BODY = """#include "amdvi/amdvi.h"
int amdvi_do(const struct amdvi_memory *memory, struct amdvi_result *result) { return memory && result; }
int amdvi_undo(enum amdvi_lint_kind what) { return what; }
"""


def build(tree, header=HEADER, body=BODY, soname="libamdvi.so.1", debug="-g"):
    (tree / "model/include/amdvi/amdvi.h").write_text(header, encoding="ascii")
    (tree / "library.c").write_text(body, encoding="ascii")
    subprocess.run(["cc", debug, "-shared", "-fPIC", f"-Wl,-soname,{soname}", "-Imodel/include", "library.c", "-o", "libamdvi.so"],
                   cwd=tree, check=True)


def check_abi(tree, *options):
    return subprocess.run(["scripts/check-abi", *options, "libamdvi.so"], cwd=tree, capture_output=True, text=True, timeout=60,
                          check=False)


@pytest.fixture(name="tree")
def make_tree(tmp_path):
    for name in ("scripts", "model/abi", "model/include/amdvi", "debian"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("scripts/check-abi", "scripts/common.sh", "model/abi/growing.abignore"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "CMakeLists.txt").write_text("project(amdvi VERSION 0.2.0\n", encoding="ascii")
    (tmp_path / "debian/libamdvi1.symbols").write_text("libamdvi.so.1 libamdvi1 #MINVER#\n", encoding="ascii")
    build(tmp_path)
    assert check_abi(tmp_path, "--symbols").returncode == 0 and check_abi(tmp_path, "--release").returncode == 0
    (tmp_path / "CMakeLists.txt").write_text("project(amdvi VERSION 0.3.0\n", encoding="ascii")
    return tmp_path


def test_the_same_again(tree):
    done = check_abi(tree)
    assert (done.returncode, done.stdout) == (0, "check-abi: what was linked with libamdvi-0.2.0 runs with 0.3.0\n"), done.stderr


def test_a_new_function_wants_its_version(tree):
    build(tree, HEADER + "int amdvi_more(void);\n", BODY + "int amdvi_more(void) { return 1; }\n")
    done = check_abi(tree)
    assert done.returncode == 1 and "amdvi_more: not in debian/libamdvi1.symbols" in done.stdout
    assert check_abi(tree, "--symbols").returncode == 0
    symbols = (tree / "debian/libamdvi1.symbols").read_text(encoding="ascii").splitlines()
    assert symbols[1:] == [" amdvi_do@Base 0.2.0", " amdvi_more@Base 0.3.0", " amdvi_undo@Base 0.2.0"]
    assert check_abi(tree).returncode == 0


@pytest.mark.parametrize("old, new, status", [
    ("{ void *context; }", "{ void *context; int more; }", 0),     # passed with its size
    ("{ void *context; }", "{ int first; void *context; }", 1),
    ("{ int status; }", "{ int status; int more; }", 1),           # the caller's, without a size
    ("_FIRST,", "_FIRST, AMDVI_LINT_SECOND,", 0),                  # enumerations gain values,
    ("_FIRST,", "_SECOND, AMDVI_LINT_FIRST,", 1),                  # at their end
    ("undo(enum amdvi_lint_kind what)", "undo(long what)", 1)])
def test_shapes(tree, old, new, status):
    assert old in HEADER
    build(tree, HEADER.replace(old, new), BODY.replace(old, new))
    done = check_abi(tree)
    assert done.returncode == status, done.stdout + done.stderr
    assert ("AMDVI_SOVERSION" in done.stdout) == bool(status)


def test_what_is_gone(tree):
    build(tree, HEADER.replace("int amdvi_undo(enum amdvi_lint_kind what);\n", ""), BODY.replace("amdvi_undo", "static_undo"))
    done = check_abi(tree)
    assert done.returncode == 1 and "amdvi_undo: in debian/libamdvi1.symbols, and not in the library any more" in done.stdout
    assert "AMDVI_SOVERSION" in done.stdout


def test_a_new_number_is_a_new_library(tree):
    shutil.move(tree / "debian/libamdvi1.symbols", tree / "debian/libamdvi2.symbols")
    build(tree, HEADER.replace("int status;", "int more; int status;"), soname="libamdvi.so.2")
    done = check_abi(tree)
    assert done.returncode == 0 and "libamdvi-0.2.0 was libamdvi.so.1, this is libamdvi.so.2" in done.stdout


def test_nothing_to_compare(tree):
    build(tree, debug="-g0")
    done = check_abi(tree)
    assert done.returncode == 2 and "no debug information" in done.stderr
    (tree / "libamdvi.so").unlink()
    assert check_abi(tree).returncode == 2


def test_one_version_everywhere():
    def found(name, pattern):
        return ".".join(re.search(pattern, (ROOT / name).read_text(encoding="utf-8"), re.M | re.S).groups())

    version = found("CMakeLists.txt", r"^project\(amdvi VERSION ([0-9.]+)")
    assert version == found("model/include/amdvi/amdvi.h", r"VERSION_MAJOR (\d+)$.*VERSION_MINOR (\d+)$.*VERSION_PATCH (\d+)$")
    assert version == found("debian/changelog", r"^amdvi \(([0-9.]+)-")
    assert version == found("CHANGELOG.md", r"^## ([0-9.]+)")
