# SPDX-License-Identifier: Apache-2.0
"""scripts/package and scripts/site in trees of their own, with stand-ins for what takes long; what a version is called where."""
import json
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


# Configures, builds and makes a manual whose page says which version it is of.
CMAKE = """#!/bin/sh
case "$*" in *"--target docs"*)
    mkdir -p build/release/docs/html
    grep -o "VERSION [0-9.]*" CMakeLists.txt >build/release/docs/html/index.html
    echo "check_links: 1 pages" ;;
esac
"""


def make_site(tmp_path, name, site, *options):
    """Runs scripts/site of a tree of that version; what `amdvi` was asked for."""
    tree = tmp_path / name
    copied(tree, "scripts/site", "scripts/common.sh", "docs/tools/site_versions.py")
    (tree / "CMakeLists.txt").write_text(f"project(amdvi VERSION {name})\n", encoding="ascii")
    executable(tmp_path / "stubs/cmake", CMAKE)
    executable(tree / "build/release/cli/amdvi", '#!/bin/sh\necho "$*" >>asked\n')
    run(tree, "scripts/site", site, *options)
    asked = tree / "asked"
    return asked.read_text(encoding="ascii") if asked.exists() else ""


def test_a_site_of_two_tags(tmp_path):
    site = tmp_path / "site"
    make_site(tmp_path, "0.10.0", site, "--no-studies")
    make_site(tmp_path, "0.9.0", site, "--no-studies")
    assert sorted(path.name for path in site.iterdir()) == ["0.10.0", "0.9.0", "index.html", "versions.js"]
    for name in ("0.10.0", "0.9.0"):
        assert (site / name / "index.html").read_text(encoding="ascii") == f"VERSION {name}\n"
    assert "url=0.10.0/index.html" in (site / "index.html").read_text(encoding="ascii")
    assert '{"0.10.0": ["index.html"], "0.9.0": ["index.html"]}' in (site / "versions.js").read_text(encoding="ascii")


def test_the_gallery_has_what_its_text_speaks_of(tmp_path):
    """Sensitivities too, quick or at full length."""
    for name, options in (("0.1.0", ()), ("0.2.0", ("--full",))):
        asked = make_site(tmp_path, name, tmp_path / "site", *options)
        assert asked.startswith("study --all") and "--no-sensitivity" not in asked
        assert ("--quick" in asked) == (not options)


def sheet(folder, text, title="Linux"):
    folder.mkdir(parents=True)
    (folder / "sheet.html").write_text(text, encoding="ascii")
    (folder / "junit.xml").write_text(f'<testsuites name="{title}" tests="9" failures="0" skipped="0" />', encoding="ascii")


def test_kept_sheets_are_shown_and_newer_ones_win(tmp_path):
    sheet(tmp_path / "sheets/linux", "kept")
    sheet(tmp_path / "sheets/other", "kept, too", "Other")
    sheet(tmp_path / "results/sheets/linux", "given")
    run(tmp_path, "/usr/bin/python3", "-B", ROOT / "docs/tools/site_pages.py", ROOT / "testbench/studies/recipes", tmp_path,
        tmp_path / "results")
    text = (tmp_path / "sheets.md").read_text(encoding="utf-8")
    assert text.count("9 of 9") == 2 and text.count("linux.html") == 1
    assert (tmp_path / "_extra/sheets/linux.html").read_text(encoding="ascii") == "given"
    assert (tmp_path / "_extra/sheets/other.html").read_text(encoding="ascii") == "kept, too"


def test_kept_sheets_say_when_they_were_made():
    kept = list((ROOT / "docs/sheets").glob("*/junit.xml"))
    assert kept
    for file in kept:
        name = re.search(r'<testsuites name="([^"]*)"', file.read_text(encoding="utf-8"))[1]
        assert re.search(r"\d{4}-\d\d-\d\d, amdvi [0-9.]+, commit [0-9a-f]{12}", name)
        assert name in file.with_name("sheet.html").read_text(encoding="utf-8")


def test_one_version_everywhere():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## ([0-9.]+)", changelog, re.M)[1] == version()
    assert re.match(r"amdvi \(([0-9.]+)-\d+\)", (ROOT / "debian/changelog").read_text(encoding="utf-8"))[1] == version()
    assert [path.name for path in (ROOT / "model/abi").glob("*.zst")] == [f"libamdvi-{version()}.abi.zst"]
    shown = subprocess.run([AMDVI, "--version"], capture_output=True, text=True, check=True).stdout
    assert re.fullmatch(rf"amdvi {re.escape(version())}(?: \([0-9a-f]{{12}}\+?\))?\n", shown)


def test_each_workload_has_its_row_in_the_manual():
    listed = subprocess.run([AMDVI, "run", "--list"], capture_output=True, text=True, check=True).stdout
    kinds = re.search(r"^workload\.kind +([a-z_|]+):", listed, re.M)[1].split("|")
    rows = re.findall(r"^\| `([a-z_]+)` \|", (ROOT / "docs/timing.md").read_text(encoding="utf-8"), re.M)
    assert len(kinds) > 9 and [kind for kind in kinds if kind not in rows] == []


def test_each_member_of_a_replay_has_its_row_in_the_manual():
    schema = json.loads((ROOT / "cli/schema/replay.schema.json").read_text(encoding="utf-8"))
    members = [*schema["properties"], *schema["definitions"]["file"]["properties"]]
    text = (ROOT / "docs/formats.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?) \| ", text[:text.index("## Schemas")], re.M)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert len(members) > 30 and [name for name in members if name not in named] == []
