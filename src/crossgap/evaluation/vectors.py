"""Label columns that are one vector together, such as x, y and z, and how far predictions of it are off."""

import re

import numpy as np

COMPONENT = re.compile(r"(?P<stem>.*?)[._ ]?(?P<part>[xyz]|\d+)(?P<unit>[._ ][a-z]+)?")
"""A column of a vector: a name, if any; an axis or a number; a unit, if any. `tip_x`, `x_cm`, `joint1`."""

WHOLE = re.compile(
    r"(.*[._ ])?(actions?|states?|qpos|qvel|agent_pos|ctrl|controls?|obs|observations?)[._ ]*|[._ ]*"
)
"""What all numbers of an action or a state are called together; or nothing. Numbered entries of such need
have no unit in common: `action_6` may be how far a gripper is open, behind the angles of six joints."""


def vectors(names: tuple[str, ...]) -> dict[str, list[int]]:
    """Which columns are one vector: those whose names differ by their axis or number alone, two at least;
    not the numbered entries of a whole action or state, `action_0` to `action_6`, but where they name a unit.

    Args:
        names: of the columns.

    Returns:
        The columns of each, by the names joined with commas.
    """
    groups: dict[tuple[str, str, bool], list[int]] = {}
    for column, name in enumerate(names):
        if match := COMPONENT.fullmatch(name.lower()):
            stem, unit, numbered = match["stem"], match["unit"] or "", match["part"].isdigit()
            if not (numbered and not unit and WHOLE.fullmatch(stem)):
                groups.setdefault((stem, unit, numbered), []).append(column)
    found = {", ".join(names[column] for column in columns): columns for columns in groups.values()}
    return {name: columns for name, columns in found.items() if len(columns) > 1}


def mean_distances(predicted: np.ndarray, labels: np.ndarray, names: tuple[str, ...]) -> dict[str, float]:
    """The mean Euclidean distance of each vector among the labels, in its own unit.

    Args:
        predicted: (n, k), in the labels' own units.
        labels: the same.
        names: the k labels.
    """
    return {
        name: float(np.linalg.norm((predicted - labels)[:, columns], axis=1).mean())
        for name, columns in vectors(names).items()
    }
