"""How what is there differs from what is asked: two records of settings and data sets, in a line."""

from __future__ import annotations

import json
import re
from typing import Any

from crossgap.base.shapes import mismatch

SHOWN = 5
"""How many differences a line names."""
ABSENT = object()
"""In the place of a setting that one of two records lacks."""
DATA_SET = {"images": int, "labelled": bool, "fingerprint": str}
"""What is in a record of a data set, besides where it is (`data.images.describe`)."""
_AS_TEXT = re.compile(r".* \((?P<what>[\d,]+ images( without labels)?, fingerprint \w+)\)", re.DOTALL)
"""A data set as it stands in run folders of before: a text with its path."""


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
        return [
            line
            for key in {**wanted, **found}
            for line in differences(
                found.get(key, ABSENT), wanted.get(key, ABSENT), f"{name}.{key}" if name else key
            )
        ]
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
