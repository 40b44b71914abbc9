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
KNOWN = {"title", "question", "x", "variants", "lines", "y", "shapes", "sensitivity", "seconds"}


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


def load(name: str) -> Recipe:
    """By name, or by the path of a folder."""
    folder = Path(name) if Path(name, "study.yaml").exists() else FOLDER / name
    file = folder / "study.yaml"
    if not file.exists():
        raise Wrong(f"there is no study '{name}'; amdvi study --list")
    try:
        text = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise Wrong(f"{file}: {error}") from error
    unknown = set(text) - KNOWN
    missing = {"title", "question", "x", "lines", "y"} - set(text)
    if unknown or missing:
        raise Wrong(f"{file}: " + "; ".join([f"{key}: no such field" for key in sorted(unknown)] + [f"{key} is missing" for key in sorted(missing)]))
    return Recipe(name=folder.resolve().name, folder=folder.resolve(), **text)


def word(value: Any) -> str:
    """As `amdvi run` takes it."""
    return {True: "on", False: "off"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _hash(recipe: Recipe, settings: tuple[tuple[str, str], ...], version: str) -> str:
    parts = json.dumps([version, recipe.experiment.read_text(encoding="utf-8"), settings])
    return hashlib.sha256(parts.encode()).hexdigest()[:16]


def at(recipe: Recipe, x: Any) -> dict[str, Any]:
    """What a value of x sets: a field, or what `cases` say. `total` operations are shared by x of them."""
    if "cases" in recipe.x:
        return recipe.x["cases"][x]
    fields = {recipe.x["field"]: x}
    if "total" in recipe.x:
        fields |= {"length": max(recipe.x["least"], recipe.x["total"] // x), "warm_up": 2 * x}
    return fields


def points(recipe: Recipe, version: str, quick: bool = False, extra: tuple[tuple[str, str], ...] = ()) -> list[Point]:
    """Every variant at every x, in order."""
    values = recipe.x.get("quick", recipe.x["values"]) if quick else recipe.x["values"]
    found = []
    for variant, x in itertools.product(recipe.variants, values):
        fields = {key: word(value) for key, value in (variant.get("set", {}) | at(recipe, x)).items()}
        settings = tuple(fields.items()) + extra
        found.append(Point(variant["name"], x, settings, _hash(recipe, settings, version)))
    return found
