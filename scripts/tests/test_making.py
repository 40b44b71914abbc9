# SPDX-License-Identifier: Apache-2.0
"""scripts/package in a tree of its own, with stand-ins for what takes long; what a version is called where."""
import os
import pathlib
import re
import shutil
import subprocess
import tarfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
AMDVI = pathlib.Path(os.environ["AMDVI"]).resolve()


def executable(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="ascii")
    path.chmod(0o755)


def copied(tree, *names):
    for name in names:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tree / name)


def run(tree, *command):
    done = subprocess.run(command, cwd=tree, text=True, capture_output=True, timeout=120, check=False,
                          env={**os.environ, "PATH": f"{tree.parent / 'stubs'}:{os.environ['PATH']}", "AMDVI_SKIP_SETUP": "1"})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def commit(tree):
    """Commits all of the tree; its name."""
    who = ("-c", "user.name=x", "-c", "user.email=x@example.invalid", "-c", "commit.gpgsign=false")
    run(tree, "git", "init", "-q")
    run(tree, "git", "add", "-f", ".")
    run(tree, "git", *who, "commit", "-q", "-m", "x")
    return run(tree, "git", "rev-parse", "HEAD").strip()


def version():
    return re.search(r"^project\(amdvi VERSION ([0-9.]+)", (ROOT / "CMakeLists.txt").read_text(encoding="utf-8"), re.M)[1]


# Makes the source package and says that it made the others.
BUILD_PACKAGE = """#!/bin/sh
set -e
case " $* " in *" -b "*) exit 9 ;; esac
dpkg-source -b .
for name in libamdvi1_9.9.9-1_amd64.deb amdvi_9.9.9-1_amd64.changes amdvi_9.9.9-1_amd64.buildinfo; do echo new >../$name; done
"""


@pytest.fixture(name="tree")
def make_tree(tmp_path):
    tree = tmp_path / "tree"
    copied(tree, "scripts/package", "scripts/common.sh", "cmake/commit.cmake", ".gitattributes", "debian/control", "debian/source/format")
    (tree / "CMakeLists.txt").write_text("project(amdvi VERSION 9.9.9)\n", encoding="ascii")
    (tree / "debian/changelog").write_text("amdvi (9.9.9-1) unstable; urgency=medium\n\n  * x\n\n -- x <x@example.invalid>  "
                                           "Sun, 29 Nov 2026 22:00:00 +0000\n", encoding="ascii")
    executable(tree / "scripts/check-abi", "#!/bin/sh\n")
    for name, text in (("dpkg-buildpackage", BUILD_PACKAGE), ("dh", "#!/bin/sh\n"), ("lintian", "#!/bin/sh\necho lintian: $*\n")):
        executable(tmp_path / "stubs" / name, text)
    return tree


@pytest.mark.skipif(not shutil.which("dpkg-source"), reason="no dpkg-source here (Debian: dpkg-dev)")
def test_a_source_package_is_made_and_old_ones_go(tree):
    commit(tree)
    out = tree / "build/packages"
    out.mkdir(parents=True)
    for old in ("amdvi_0.1.0-1_amd64.changes", "amdvi_0.1.0-1.dsc", "libamdvi1_0.1.0-1_amd64.deb", "amdvi-0.1.0-Linux-x86_64.tar.gz"):
        (out / old).write_text("old", encoding="ascii")
    (tree / "not-committed").write_text("x", encoding="ascii")
    said = run(tree, "scripts/package", "deb")
    assert {path.name for path in out.iterdir() if path.is_file()} - {"deb.log"} == {
        "amdvi-0.1.0-Linux-x86_64.tar.gz", "amdvi_9.9.9.orig.tar.xz", "amdvi_9.9.9-1.debian.tar.xz", "amdvi_9.9.9-1.dsc",
        "amdvi_9.9.9-1_amd64.changes", "amdvi_9.9.9-1_amd64.buildinfo", "libamdvi1_9.9.9-1_amd64.deb"}
    assert re.search(r"^lintian: .*amdvi_9\.9\.9-1_amd64\.changes$", said, re.M) and "0.1.0" not in said
    with tarfile.open(out / "amdvi_9.9.9.orig.tar.xz") as source:
        names = source.getnames()
    assert "amdvi-9.9.9/CMakeLists.txt" in names
    assert not [name for name in names if "debian" in name or "not-committed" in name]


def test_a_clean_build_wants_a_source_package(tree):
    copied(tree, "scripts/check-package")
    for arguments, status, said in ((["--build", "bare"], 1, "no source package in build/packages"),
                                    (["--build", "--other"], 2, "--other")):
        done = subprocess.run(["scripts/check-package", *arguments], cwd=tree, text=True, capture_output=True, timeout=60, check=False)
        assert done.returncode == status and said in done.stderr


def header(tree, folder):
    """What the command of that source would call its commit."""
    run(tree, "cmake", f"-DSOURCE={folder}", f"-DOUTPUT={tree / 'commit.h'}", "-P", folder / "cmake/commit.cmake")
    return re.search(r'#define CLI_COMMIT "(.*)"', (tree / "commit.h").read_text(encoding="ascii"))[1]


def test_what_is_built_from_an_archive_knows_its_commit(tree, tmp_path):
    name = commit(tree)
    assert header(tree, tree) == f" ({name[:12]})"
    run(tree, "git", "archive", "--format=tar", "-o", tmp_path / "a.tar", "HEAD")
    (tmp_path / "a").mkdir()
    run(tree, "tar", "-xf", tmp_path / "a.tar", "-C", tmp_path / "a")
    assert header(tree, tmp_path / "a") == f" ({name[:12]})"
    shutil.rmtree(tree / ".git")
    assert header(tree, tree) == ""


def test_one_version_everywhere():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## ([0-9.]+)", changelog, re.M)[1] == version()
    assert re.match(r"amdvi \(([0-9.]+)-\d+\)", (ROOT / "debian/changelog").read_text(encoding="utf-8"))[1] == version()
    assert [path.name for path in (ROOT / "model/abi").glob("*.zst")] == [f"libamdvi-{version()}.abi.zst"]
    shown = subprocess.run([AMDVI, "--version"], capture_output=True, text=True, check=True).stdout
    assert re.fullmatch(rf"amdvi {re.escape(version())}(?: \([0-9a-f]{{12}}\+?\))?\n", shown)
