# SPDX-License-Identifier: Apache-2.0
"""scripts/demo, scripts/setup and scripts/check-package in a tree of their own, with stand-ins for the programs that change things."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
AMDVI = pathlib.Path(os.environ["AMDVI"]).resolve()

TRACE = """amdvi-trace 1
dma dev=0x10 addr=0x1000 len=4 op=read
ok pa={}
"""
GOOD, FAILING = TRACE.format("0x1000"), TRACE.format("0x2000")

DPKG_QUERY = '#!/bin/sh\n[ -e "$(dirname "$0")/installed" ] && printf installed\nexit 0\n'
APT_GET = """#!/bin/sh
here=$(dirname "$0")
echo "$*" >>"$here/apt.log"
case "$*" in
*--assume-no*) echo 'Need to get 162 MB/163 MB of archives.'; exit 1 ;;
*install*)
    [ -z "$http_proxy" ] && touch "$here/installed" && exit 0
    echo 'E: Failed to fetch x.deb  Unable to connect to the proxy:'
    exit 100 ;;
*update*) [ -z "$http_proxy" ] || echo 'W: Some index files failed to download. They have been ignored.' ;;
esac
"""


@pytest.fixture(name="tree")
def make_tree(tmp_path):
    tree = tmp_path / "tree"
    (tree / "scripts").mkdir(parents=True)
    for name in ("demo", "setup", "test", "check-package", "common.sh"):
        shutil.copy(ROOT / "scripts" / name, tree / "scripts")
    (tree / "build" / "release" / "cli").mkdir(parents=True)
    (tree / "build" / "release" / "cli" / "amdvi").symlink_to(AMDVI)
    (tree / "traces").symlink_to(ROOT / "traces")
    stubs = tmp_path / "stubs"
    stubs.mkdir()
    for name, text in (("cmake", "#!/bin/sh\n"), ("dpkg-query", DPKG_QUERY), ("apt-get", APT_GET),
                       ("sudo", '#!/bin/sh\nexec "$@"\n')):
        (stubs / name).write_text(text, encoding="ascii")
        (stubs / name).chmod(0o755)
    return tree


def run(tree, script, *arguments, cwd=None, **environment):
    path = f"{tree.parent / 'stubs'}:{os.environ['PATH']}"
    clean = {key: value for key, value in os.environ.items() if "proxy" not in key.lower()}
    return subprocess.run([script, *map(str, arguments)], cwd=cwd or tree, text=True, capture_output=True, timeout=120,
                          check=False, env={**clean, "PATH": path, **environment})


def demo(tree, *arguments, cwd=None, script=None):
    return run(tree, script or tree / "scripts" / "demo", *arguments, cwd=cwd, AMDVI_SKIP_SETUP="1")


def test_demo_of_a_failing_trace_writes_the_report(tree):
    (tree / "bad.trace").write_text(FAILING, encoding="ascii")
    done = demo(tree, "bad.trace")
    assert done.returncode == 1 and "a check failed" in done.stdout, done.stderr
    assert "expected" in (tree / "demo-output" / "report.html").read_text(encoding="utf-8")
    stats = json.loads((tree / "demo-output" / "stats.json").read_text(encoding="utf-8"))
    assert stats["files"][0]["checks"]["failed"] == 1
    assert sorted(os.listdir(tree / "demo-output")) == ["report.html", "stats.json", "timeline.json"]


def test_demo_counts_from_where_the_user_stands(tree, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "good.trace").write_text(GOOD, encoding="ascii")
    done = demo(tree, "good.trace", cwd=elsewhere)
    assert done.returncode == 0, done.stderr
    assert f"{tree}/demo-output/report.html" in done.stdout and "every check held" in done.stdout
    assert not (elsewhere / "demo-output").exists()


def test_demo_through_a_symbolic_link(tree, tmp_path):
    (tmp_path / "try-it").symlink_to("tree/scripts/demo")
    (tmp_path / "good.trace").write_text(GOOD, encoding="ascii")
    done = demo(tree, "good.trace", cwd=tmp_path, script="./try-it")
    assert done.returncode == 0 and (tree / "demo-output" / "report.html").exists(), done.stderr


def test_demo_of_no_trace_keeps_what_was_there(tree):
    (tree / "demo-output").mkdir()
    (tree / "demo-output" / "stats.json").write_text("precious", encoding="ascii")
    (tree / "no.trace").write_text("nonsense\n", encoding="ascii")
    assert demo(tree, "no.trace").returncode == 2
    assert demo(tree, "nowhere.trace").returncode == 1
    assert os.listdir(tree / "demo-output") == ["stats.json"]
    assert (tree / "demo-output" / "stats.json").read_text(encoding="ascii") == "precious"


@pytest.mark.parametrize("script", ["demo", "setup", "test", "check-package"])
def test_unknown_options_are_refused(tree, script):
    done = run(tree, tree / "scripts" / script, "--no-such-option", AMDVI_SKIP_SETUP="1")
    assert done.returncode == 2 and "--no-such-option" in done.stderr and not done.stdout


def test_setup_says_what_it_will_download(tree):
    done = run(tree, tree / "scripts" / "setup", "--size", "all")
    assert done.returncode == 0 and "To download: 162 MB\n" in done.stdout
    log = (tree.parent / "stubs" / "apt.log").read_text(encoding="ascii")
    assert "install -y" not in log
    done = run(tree, tree / "scripts" / "setup", "all")
    assert done.returncode == 0 and done.stdout.index("To download: 162 MB") < done.stdout.index("==> Installed")


def test_a_dead_proxy_is_a_matter_of_the_network(tree):
    done = run(tree, tree / "scripts" / "setup", "build", http_proxy="dead.invalid:9")
    assert done.returncode == 1 and "is there a network, a proxy that answers" in done.stderr


# What scripts/check-package wants to find in each package.
CONTENT = {"amdvi": "amdvi/examples/linux61-lazy.capture.txt.zst", "libamdvi1": "libamdvi1/copyright",
           "libamdvi-dev": "libamdvi-dev/examples/minimal.c", "libamdvi-systemc-dev": "libamdvi-systemc-dev/examples/platform.cpp",
           "python3-amdvi": "python3-amdvi/examples/first.py", "amdvi-doc": "amdvi/html/index.html"}
LISTS = """#!/bin/sh
while read -r file; do echo "-rw-r--r-- root/root 1 2026-11-30 00:00 ./usr/share/doc/$file"; done <"$2"
"""


@pytest.fixture(name="packages")
def make_packages(tree):
    """Six packages that are lists of what is in them, and a debootstrap that says it was reached."""
    folder = tree / "build" / "packages"
    folder.mkdir()
    for package, file in CONTENT.items():
        (folder / f"{package}_0.2.0-1_amd64.deb").write_text(f"{package}/copyright\n{file}\n", encoding="ascii")
    for name, text in (("dpkg-deb", LISTS), ("debootstrap", "#!/bin/sh\necho bootstrapped; exit 1\n"), ("id", "#!/bin/sh\necho 0\n")):
        (tree.parent / "stubs" / name).write_text(text, encoding="ascii")
        (tree.parent / "stubs" / name).chmod(0o755)
    return folder


def check_package(tree):
    done = run(tree, tree / "scripts" / "check-package", tree / "bare")
    assert done.returncode == 1
    return done.stderr


def test_whole_packages_go_into_a_bare_system(tree, packages):
    assert len(list(packages.iterdir())) == 6
    assert "apt-get on this machine knows no mirror" in check_package(tree)  # as far as the stand-in of apt-get goes


@pytest.mark.parametrize("package", [name for name in CONTENT if name != "libamdvi1"])
def test_packages_without_examples_are_refused(tree, packages, package):
    (packages / f"{package}_0.2.0-1_amd64.deb").write_text(f"{package}/copyright\n", encoding="ascii")
    said = check_package(tree)
    assert CONTENT[package] in said and "`scripts/package deb` makes whole packages" in said


@pytest.mark.parametrize("package", CONTENT)
def test_a_package_that_is_missing_or_there_twice_is_refused(tree, packages, package):
    (packages / f"{package}_0.1.0-1_amd64.deb").write_text(CONTENT[package], encoding="ascii")
    assert f"several {package} in build/packages" in check_package(tree)
    for file in packages.glob(f"{package}_*"):
        file.unlink()
    assert f"no {package} in build/packages" in check_package(tree)
