# SPDX-License-Identifier: Apache-2.0
"""Files of the validation's rows: what is wrong in one is named, and all that there are can be read."""
import re
from pathlib import Path

import pytest
import rows
import yaml

FOLDER = Path(rows.__file__).parent / "rows"
GOOD = yaml.safe_load((FOLDER / "V2.yaml").read_text(encoding="utf-8"))


def test_all_rows_are_there_with_at_most_one_fitted_parameter():
    found = rows.load(FOLDER)
    assert [row["id"] for row in found] == [f"V{number}" for number in range(1, 14)]
    assert {row["id"] for row in found if row["exact"]} == {"V1", "V9", "V12", "V13"}
    assert all("," not in row["fitted"] and " and " not in row["fitted"] for row in found)


@pytest.mark.parametrize("change, text", [
    ({"tolerence": "5 %"}, "tolerence"), ({"checks": []}, "at least one"), ({"exact": "yes"}, "true or false"),
    ({"checks": [{"metric": "m"}]}, "metric, and value"), ({"checks": [{"metric": "m", "value": 1, "least": 0}]}, "metric, and value"),
    ({"checks": [{"metric": "m", "least": 1, "within_percent": 2}]}, "metric, and value"), ({"exact": True}, "no within_percent"),
    ({"seconds": 0}, "seconds: a number above 0"),
    ({"settings": {"pages": "many"}}, "pages: a number"), ({"id": "V3"}, "not the file's name")])
def test_mistakes_are_named_with_their_file(tmp_path, change, text):
    (tmp_path / "V2.yaml").write_text(yaml.safe_dump({**GOOD, **change}), encoding="utf-8")
    with pytest.raises(rows.RowError, match=re.escape(text)) as error:
        rows.load(tmp_path)
    assert "V2.yaml" in str(error.value)


def test_bounds_of_a_tolerance():
    assert rows.bounds({"metric": "m", "value": 200, "within_percent": 5}) == (190, 210)
    assert rows.bounds({"metric": "m", "value": 3}) == (3, 3)
    assert rows.bounds({"metric": "m", "most": 3}) == (float("-inf"), 3)
