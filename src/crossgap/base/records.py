"""Records of settings and data sets, as JSON: what one must look like, and how two of them differ."""

import json
import re
from typing import Any

Shape = Any
"""A type (`float`: any number, `int`: a whole one, `object`: anything), a `range` of whole numbers, None, a
tuple of shapes of which one must fit, `[shape]` for a list of such, `[shape, n]` for one of n, or
`{key: shape}` for an object that has these keys, where `...` stands for every other key."""
WORDS = {
    str: "text", bool: "true or false", int: "a whole number", float: "a number", dict: "an object",
    list: "a list", None: "null",
}  # fmt: skip
LONGEST = 40
"""Characters of a value that a message shows."""
SHOWN = 5
"""How many differences a line names."""
ABSENT = object()
"""In the place of a setting that one of two records lacks."""
DATA_SET = {"images": int, "labelled": bool, "fingerprint": str}
"""What is in a record of a data set, besides where it is (`data.images.describe`)."""
_AS_TEXT = re.compile(r".* \((?P<what>[\d,]+ images( without labels)?, fingerprint \w+)\)", re.DOTALL)
"""A data set as it stands in run folders of before: a text with its path."""


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
        if len(shape) > 1 and len(value) != shape[1]:
            return f"'{name}' has {len(value)} entries, expected {shape[1]}"
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
    found = WORDS[type(value)] if isinstance(value, dict | list) else json.dumps(value, ensure_ascii=False)
    found = found if len(found) <= LONGEST else found[:LONGEST] + "…"
    subject = f"'{name}'" if name else "it"
    return f"{subject} is {found}, expected {_words(shape)}"


def _words(shape: Shape) -> str:
    if isinstance(shape, tuple):
        return " or ".join(map(_words, shape))
    if isinstance(shape, range):
        return f"a whole number from {shape.start} to {shape.stop - 1}"
    return WORDS[shape if shape is None or isinstance(shape, type) else type(shape)]


def as_json(value: Any) -> Any:
    """As it comes back from a file: tuples become lists."""
    return json.loads(json.dumps(value))


def summary(found: dict[str, Any], wanted: dict[str, Any]) -> str:
    """How two records differ, in a line or two; sizes, steps and rates by their options. Empty where they do
    not."""
    for name in ("experiment", "preset"):
        if found.get(name) != wanted.get(name):
            return "; ".join(differences({name: found.get(name)}, {name: wanted.get(name)}))
    first, rest = (lines := differences(found, wanted))[:SHOWN], lines[SHOWN:]
    return "; ".join(first) + (f"; and {len(rest)} more" if rest else "")


def differences(found: Any, wanted: Any, name: str = "") -> list[str]:
    """Which settings differ, by their path, each with both values. Data sets are compared by what they hold
    (`data.images.describe`), wherever they are."""
    one, other = _data_set(found), _data_set(wanted)
    if one and other:
        if one[0] == other[0]:
            return []
    elif isinstance(found, dict) and isinstance(wanted, dict):
        above = f"{name}." if name else ""
        both = ((found.get(key, ABSENT), wanted.get(key, ABSENT), above + key) for key in {**wanted, **found})
        return [line for one in both for line in differences(*one)]
    elif found == wanted:
        return []
    there, here = ("absent" if value is ABSENT else _shown(value) for value in (found, wanted))
    if name.startswith("config."):
        name = "--" + name.removeprefix("config.").replace("_", "-")
    return [f"{name} is {there} there, {here} here"]


def _shown(value: Any) -> str:
    data = _data_set(value)
    return "none" if value is None else json.dumps(data[1] if data else value, ensure_ascii=False)


def _data_set(value: Any) -> tuple[str, str] | None:
    """What a data set holds, and the same with where it is, if that is known; None of anything else."""
    if isinstance(value, str) and (match := _AS_TEXT.fullmatch(value)):
        return match["what"], value
    if not isinstance(value, dict) or mismatch(value, DATA_SET):
        return None
    labels = "" if value["labelled"] else " without labels"
    what = f"{value['images']:,} images{labels}, fingerprint {value['fingerprint']}"
    return what, f"{value['path']} ({what})" if "path" in value else what
