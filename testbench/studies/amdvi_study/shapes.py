# SPDX-License-Identifier: Apache-2.0
"""What a study's curves must look like, whatever the parameters: each check says what it found when it fails."""
from __future__ import annotations

from typing import Callable

from amdvi_study import table
from amdvi_study.recipe import Recipe, Wrong

Values = list[tuple[object, float]]


def _steps(values: Values) -> list[tuple[float, float]]:
    return [(a[1], b[1]) for a, b in zip(values, values[1:])]


def rises(values: Values, shape: dict, other: Values) -> bool:
    return all(b >= a * (1 - shape.get("tolerance", 0.02)) for a, b in _steps(values))


def falls(values: Values, shape: dict, other: Values) -> bool:
    return all(b <= a * (1 + shape.get("tolerance", 0.02)) for a, b in _steps(values))


def flat(values: Values, shape: dict, other: Values) -> bool:
    numbers = [v for _, v in values]
    return max(numbers) <= min(numbers) * (1 + shape.get("tolerance", 0.05))


def grows(values: Values, shape: dict, other: Values) -> bool:
    return values[-1][1] >= shape["factor"] * values[0][1]


def shrinks(values: Values, shape: dict, other: Values) -> bool:
    return values[-1][1] <= shape["factor"] * values[0][1]


def within(values: Values, shape: dict, other: Values) -> bool:
    return all(shape["least"] <= v <= shape["most"] for x, v in values if "at" not in shape or x in shape["at"])


def above(values: Values, shape: dict, other: Values) -> bool:
    """At every x, or those of `at`: at least `factor` times the other line."""
    second = dict((str(x), v) for x, v in other)
    return all(str(x) in second and v >= shape.get("factor", 1) * second[str(x)] for x, v in values if "at" not in shape or x in shape["at"])


def knee(values: Values, shape: dict, other: Values) -> bool:
    """Level up to `at`, and at the end `factor` times as much (or as little) as at first."""
    first, last = values[0][1], values[-1][1]
    before = [v for x, v in values if x <= shape["at"]]
    level = max(before) <= min(before) * (1 + shape.get("tolerance", 0.1)) + shape.get("slack", 0)
    factor = shape["factor"]
    return level and (last >= factor * first + shape.get("slack", 0) if factor > 1 else last <= factor * first)


def crosses(values: Values, shape: dict, other: Values) -> bool:
    """Below the other line at first, above it at the end."""
    return values[0][1] < other[0][1] and values[-1][1] > other[-1][1]


KINDS: dict[str, Callable[[Values, dict, Values], bool]] = {
    check.__name__: check for check in (rises, falls, flat, grows, shrinks, within, above, knee, crosses)}


def describe(shape: dict) -> str:
    rest = ", ".join(f"{key}={value}" for key, value in shape.items() if key not in ("kind", "line"))
    return f"{' '.join(str(part) for part in shape['line'] if part)} {shape['kind']}" + (f" ({rest})" if rest else "")


def check(recipe: Recipe, rows: list[table.Row]) -> list[tuple[str, bool, str]]:
    """(what, whether it holds, what was found) for each shape of the recipe."""
    found = []
    for shape in recipe.shapes:
        if shape["kind"] not in KINDS:
            raise Wrong(f"{recipe.folder / 'study.yaml'}: shapes: '{shape['kind']}' is none of {', '.join(KINDS)}")
        values = table.line(rows, *shape["line"])
        other = table.line(rows, *shape["than"]) if "than" in shape else []
        whole = len(values) > 1 and ("than" not in shape or len(other) == len(values))
        try:
            holds = whole and KINDS[shape["kind"]](values, shape, other)
        except KeyError as error:
            raise Wrong(f"{recipe.folder / 'study.yaml'}: shapes: {shape['kind']} wants {error.args[0]}") from error
        text = ", ".join(f"{x}: {v:.4g}" for x, v in values) or "nothing"
        found.append((describe(shape), holds, text + ("; than " + ", ".join(f"{x}: {v:.4g}" for x, v in other) if other else "")))
    return found
