# SPDX-License-Identifier: Apache-2.0
"""`amdvi validate`: rows, verdicts, exit codes."""
import json
import os
import subprocess

AMDVI = os.environ["AMDVI"]


def validate(*words: str) -> subprocess.CompletedProcess:
    return subprocess.run([AMDVI, "validate", *words], capture_output=True, text=True, check=False)


def test_exact_rows_hold_and_say_what_came_out():
    done = validate("--exact", "--json")
    rows = json.loads(done.stdout)["rows"]
    assert done.returncode == 0
    assert [row["id"] for row in rows] == ["V1", "V9", "V12", "V13"]
    assert all(row["verdict"] == "holds" and row["fitted"] == "none" for row in rows)
    assert rows[0]["value"] == "366 of 366 cells exact"
    for row in rows:
        for check in row["checks"]:
            assert check.get("least", check["value"]) <= check["value"] <= check.get("most", check["value"]), check


def test_the_same_bytes_twice():
    assert validate("--filter", "V2").stdout == validate("--filter", "V2").stdout != ""


def test_other_surroundings_the_same_bytes():
    usual = validate("--filter", "V5", "--markdown").stdout
    other = subprocess.run(["setarch", "-R", AMDVI, "validate", "--filter", "V5", "--markdown"], capture_output=True,
                           text=True, check=True, env={**os.environ, "LANG": "tr_TR.UTF-8", "LC_ALL": "C", "TZ": "Asia/Tokyo"})
    assert other.stdout == usual


def test_mistakes_are_named():
    for words, text in ((["--filter", "V99"], "no row 'V99'"), (["--json", "--markdown"], "not both"),
                        (["more"], "'more' is not an option"), (["--exactly"], "--exactly")):
        done = validate(*words)
        assert done.returncode == 2 and text in done.stderr, words
