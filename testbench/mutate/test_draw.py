# SPDX-License-Identifier: Apache-2.0
"""What the random mutator changes, and what it leaves alone."""
from itertools import islice
from pathlib import Path

import draw
import yaml
from bench import ROOT

SOURCE = """/* x < y */
enum { A = 1 };

static bool less(unsigned x, unsigned y)
{
    unsigned z = y + 1; /* one more: x == y && 1 */

    if (x < z && y)
        note("x < %u", x);
    return x == 3;
}
"""


def changes(text: str) -> dict[str, list[tuple[str, str]]]:
    lines = list(draw.body_lines("less.c", text))
    return {name: [(line.text.strip(), after.strip()) for line in lines for after in apply(line)]
            for name, apply in draw.OPERATORS.items()}


def test_each_operator_changes_what_it_is_for():
    found = changes(SOURCE)
    condition, call = "if (x < z && y)", 'note("x < %u", x);'
    assert found["comparison"] == [(condition, "if (x <= z && y)"), ("return x == 3;", "return x != 3;")]
    assert found["logic"] == [(condition, "if (x < z || y)")]
    assert found["negated condition"] == [(condition, "if (!(x < z && y))")]
    assert found["deleted statement"] == [(call, ";")]
    assert found["early return"] == [(call, "return 0;")]
    assert [after for _, after in found["off by one"]] == [
        "unsigned z = y - 1; /* one more: x == y && 1 */", "unsigned z = y + 2; /* one more: x == y && 1 */",
        "unsigned z = y + 0; /* one more: x == y && 1 */", "return x == 4;", "return x == 2;"]


def test_a_function_without_value_returns_none():
    found = changes("void f(int *x)\n{\n    *x = 2;\n}\n")
    assert found["early return"] == [("*x = 2;", "return;")]


def test_a_hint_to_the_compiler_stays():
    found = changes("int f(int x)\n{\n    return __builtin_expect(x > 1, 0) ? g(2) : 3;\n}\n")
    assert len(found["off by one"]) == 6 and all("> " in after and ", 0) ?" in after for _, after in found["off by one"])


def test_a_structure_cannot_be_returned_early():
    assert not changes("struct s f(int x)\n{\n    g(x);\n    return h;\n}\n")["early return"]


def test_the_seed_says_what_is_drawn():
    first, again, other = (list(islice(draw.draw(ROOT, seed), 50)) for seed in (5, 5, 6))
    assert first == again != other
    assert len(set(first)) == 50
    for mutant in first:
        lines = Path(ROOT, mutant.file).read_text(encoding="utf-8").split("\n")
        assert lines[mutant.line - 1] == mutant.before != mutant.after
        assert mutant.file.split("/")[0] in draw.FOLDERS


def test_the_hand_made_defects_have_their_places():
    """A few may be lost while the code moves; mutate.py names them."""
    rows = yaml.safe_load((ROOT / "testbench/mutate/defects.yaml").read_text(encoding="utf-8"))
    texts = {row["file"]: Path(ROOT, row["file"]) for row in rows}
    texts = {file: path.read_text(encoding="utf-8") if path.exists() else "" for file, path in texts.items()}
    lost = [row for row in rows if texts[row["file"]].count(str(row["find"])) != 1]
    assert len(lost) <= len(rows) // 20, lost


def test_only_the_library_is_changed():
    """A change elsewhere would compile to the same library, and count for nothing."""
    files = {str(path.relative_to(ROOT)) for path in draw.sources(ROOT)}
    assert "model/timed/l1.c" in files and "tables/dte.c" in files
    assert not [file for file in files if file.startswith(("model/systemc/", "model/dpi/", "model/python/"))]
