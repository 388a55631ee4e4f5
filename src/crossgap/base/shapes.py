"""What a value read from JSON must look like, and in words where it does not."""

from __future__ import annotations

import json
from typing import Any

Shape = Any
"""A type (`float`: any number, `int`: a whole one, `object`: anything), a `range` of whole numbers, None, a
tuple of shapes of which one must fit, `[shape]` for a list of such, or `{key: shape}` for an object that has
these keys, where `...` stands for every other key."""
WORDS = {
    str: "text", bool: "true or false", int: "a whole number", float: "a number", dict: "an object",
    list: "a list", None: "null",
}  # fmt: skip
LONGEST = 40
"""Characters of a value that a message shows."""


def mismatch(value: Any, shape: Shape, name: str = "") -> str:
    """The first thing about a value that does not fit, with what was expected; empty where all fits.

    Args:
        value: as `json.loads` gives it.
        shape: what it should be.
        name: what the message calls it.
    """
    if isinstance(shape, dict) and isinstance(value, dict):
        others = [key for key in value if key not in shape] if ... in shape else []
        for key in [key for key in shape if key is not ...] + others:
            path = f"{name}.{key}" if name else key
            if key not in value:
                return f"'{path}' is absent, expected {_words(shape[key])}"
            if found := mismatch(value[key], shape.get(key, shape.get(...)), path):
                return found
        return ""
    if isinstance(shape, list) and isinstance(value, list):
        found = (mismatch(one, shape[0], f"{name}[{index}]") for index, one in enumerate(value))
        return next(filter(None, found), "")
    if isinstance(shape, tuple):
        return "" if not all(mismatch(value, one) for one in shape) else _unlike(value, shape, name)
    return "" if _fits(value, shape) else _unlike(value, shape, name)


def _fits(value: Any, shape: Shape) -> bool:
    if shape is None:
        return value is None
    if isinstance(value, bool):  # which Python takes for a number
        return shape in (bool, object)
    if isinstance(shape, range):
        return isinstance(value, int) and value in shape
    return isinstance(shape, type) and isinstance(value, (int, float) if shape is float else shape)


def _unlike(value: Any, shape: Shape, name: str) -> str:
    if isinstance(value, dict | list):
        found = WORDS[type(value)]
    else:
        found = json.dumps(value, ensure_ascii=False)
        found = found if len(found) <= LONGEST else found[:LONGEST] + "…"
    subject = f"'{name}'" if name else "it"
    return f"{subject} is {found}, expected {_words(shape)}"


def _words(shape: Shape) -> str:
    if isinstance(shape, tuple):
        return " or ".join(map(_words, shape))
    if isinstance(shape, range):
        return f"a whole number from {shape.start} to {shape.stop - 1}"
    return WORDS[shape if shape is None or isinstance(shape, type) else type(shape)]
