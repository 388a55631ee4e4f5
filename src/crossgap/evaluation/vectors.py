"""Label columns that are one vector together, such as x, y and z, and how far predictions of it are off."""

import re

import numpy as np

COMPONENT = re.compile(r"(?P<stem>.*?)[._ ]?(?P<part>[xyz]|\d+)(?P<unit>[._ ][a-z]+)?")
"""A column of a vector: a name, if any; an axis or a number; a unit, if any. `tip_x`, `x_cm`, `joint1`."""


def vectors(names: tuple[str, ...]) -> dict[str, list[int]]:
    """Which columns are one vector: those whose names differ by their axis or number alone, two at least.

    Returns:
        The columns of each, by the names joined with commas.
    """
    groups: dict[tuple[str, str, bool], list[int]] = {}
    for column, name in enumerate(names):
        if match := COMPONENT.fullmatch(name.lower()):
            key = match["stem"], match["unit"] or "", match["part"].isdigit()
            groups.setdefault(key, []).append(column)
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
