# SPDX-License-Identifier: Apache-2.0
"""A recipe: a folder with experiment.yaml (for `amdvi run`), study.yaml (sweep, plot, shape) and page.md."""
from __future__ import annotations

import hashlib
import itertools
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parent.parent / "recipes"
NEEDED = {"title", "question", "x", "lines", "y"}
KNOWN = NEEDED | {"variants", "shapes", "sensitivity", "seconds"}
FILES = ("workload.trace", "time.latencies")  # settings that name a file


class Wrong(Exception):
    """Something of a user's: said in one line."""


@dataclass(frozen=True)
class Point:
    """One resolved configuration. `hash` names its result."""

    variant: str
    x: Any
    settings: tuple[tuple[str, str], ...]
    hash: str


@dataclass
class Recipe:
    name: str
    folder: Path
    title: str
    question: str
    x: dict
    lines: list[dict]
    y: dict
    variants: list[dict] = field(default_factory=lambda: [{"name": "", "set": {}}])
    shapes: list[dict] = field(default_factory=list)
    sensitivity: dict | None = None
    seconds: float = 1.0  # that a point takes, for packing

    @property
    def experiment(self) -> Path:
        return self.folder / "experiment.yaml"


def names() -> list[str]:
    return sorted(path.parent.name for path in FOLDER.glob("*/study.yaml"))


def _lacks(what: str, value: Any, *keys: str) -> list[str]:
    """What a part of study.yaml has to have, and has not."""
    if not isinstance(value, dict):
        return [f"{what}: fields are wanted, {', '.join(keys)}"]
    return [f"{what}: {key} is missing" for key in keys if key not in value]


def _each(what: str, value: Any, *keys: str) -> list[str]:
    if not isinstance(value, list):
        return [f"{what}: a list is wanted"]
    return [mistake for one in value for mistake in _lacks(what, one, *keys)]


def _mistakes(text: Any, folder: Path) -> list[str]:
    """What is wrong in study.yaml, or missing beside it."""
    if not isinstance(text, dict):
        return _lacks("study", text, *sorted(NEEDED))
    wrong = [f"{key}: no such field" for key in sorted(set(text) - KNOWN)] + [f"{key} is missing" for key in sorted(NEEDED - set(text))]
    if wrong:
        return wrong
    x = text["x"]
    wrong = [*_lacks("x", x, "label", "values"), *_lacks("y", text["y"], "label"), *_each("lines", text["lines"], "metric"),
             *_each("variants", text.get("variants", []), "name"), *_each("shapes", text.get("shapes", []), "kind", "line")]
    if "sensitivity" in text:
        wrong += _lacks("sensitivity", text["sensitivity"], "metric")
    if not wrong and not {"field", "fields", "cases"} & set(x):
        wrong = ["x: one of field, fields and cases is missing"]
    if not wrong and "cases" in x:
        wrong = [f"x: cases: {value} is missing" for value in x["values"] if value not in x["cases"]]
    return wrong + [f"{name} is missing beside it" for name in ("experiment.yaml", "page.md") if not (folder / name).exists()]


def load(name: str) -> Recipe:
    """By name, or by the path of a folder."""
    folder = Path(name) if Path(name, "study.yaml").exists() else FOLDER / name
    file = folder / "study.yaml"
    if not file.exists():
        raise Wrong(f"there is no study '{name}'; amdvi study --list")
    try:
        text = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise Wrong(f"{file}:{line}: {error.problem}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Wrong(f"{file}: no text in UTF-8") from error
    wrong = _mistakes(text, folder)
    if wrong:
        raise Wrong(f"{file}: " + "; ".join(wrong))
    return Recipe(name=folder.resolve().name, folder=folder.resolve(), **text)


def word(value: Any) -> str:
    """As `amdvi run` takes it."""
    return {True: "on", False: "off"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _content(name: str, value: str) -> str:
    """What a setting is for the hash: of a file what is in it, wherever it lies."""
    if name not in FILES:
        return value
    try:
        return hashlib.sha256(Path(value).read_bytes()).hexdigest()
    except OSError as error:
        raise Wrong(f"{name}: {value}: {error.strerror}") from error


def _hash(recipe: Recipe, settings: tuple[tuple[str, str], ...], version: str) -> str:
    parts = json.dumps([version, recipe.experiment.read_text(encoding="utf-8"), [(name, _content(name, value)) for name, value in settings]])
    return hashlib.sha256(parts.encode()).hexdigest()[:16]


def at(recipe: Recipe, x: Any) -> dict[str, Any]:
    """What a value of x sets: a field or several, or what `cases` say. `total` operations are shared by x of them."""
    if "cases" in recipe.x:
        return recipe.x["cases"][x] or {}
    fields = dict.fromkeys(recipe.x.get("fields") or [recipe.x["field"]], x)
    if "total" in recipe.x:
        fields |= {"length": max(recipe.x["least"], recipe.x["total"] // x), "warm_up": 2 * x}
    return fields


def _settings(recipe: Recipe, fields: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """A file that a recipe names lies beside it, unless its path says otherwise."""
    return tuple((key, str(recipe.folder / value) if key in FILES else word(value)) for key, value in fields.items())


def points(recipe: Recipe, version: str, quick: bool = False, extra: tuple[tuple[str, str], ...] = ()) -> list[Point]:
    """Every variant at every x, in order. A variant's settings win over those of x, and `extra` over both."""
    values = recipe.x.get("quick", recipe.x["values"]) if quick else recipe.x["values"]
    found = []
    for variant, x in itertools.product(recipe.variants, values):
        settings = _settings(recipe, at(recipe, x) | (variant.get("set") or {})) + extra
        found.append(Point(variant["name"], x, settings, _hash(recipe, settings, version)))
    return found


def sensitivity_point(recipe: Recipe, version: str, extra: tuple[tuple[str, str], ...] = ()) -> Point | None:
    """The point at which assumptions are halved and doubled, if the recipe names one."""
    if not recipe.sensitivity:
        return None
    settings = (*_settings(recipe, recipe.sensitivity.get("set") or {}), *extra, ("report", recipe.sensitivity["metric"]))
    return Point("", None, settings, _hash(recipe, settings, version))
