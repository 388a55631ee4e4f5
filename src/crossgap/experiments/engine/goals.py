"""Test goals, and fresh ones: of what was chosen after a look at test goals, figures of goals that nobody has
looked at. Imports no torch."""

from typing import Any

from crossgap.errors import check_known
from crossgap.experiments.engine.experiment import Names, Rows, unique

TEST, FRESH = "test", "fresh"
FRESH_GOALS = 40_000
"""Seed of the first fresh goal."""
OPTION = (
    Names, "Goals to test on beside the test goals, whose seeds are from 30,000 on: fresh, from 40,000 on, "
    "which nothing was chosen on. A run whose policies are there only plays them.",
)  # fmt: skip
"""The option of an experiment, as in its entry."""


def checked(asked: Names) -> tuple[str, ...]:
    """The kinds of goals that an experiment plays: the test goals, and what else is asked for.

    Raises:
        CrossgapError: there is no such kind.
    """
    kinds = unique((TEST, *(asked or ())))
    check_known("Kind of goals", kinds, (TEST, FRESH))
    return kinds


def first_goal(kind: str) -> int:
    """The seed of the first goal of a kind."""
    from crossgap.rl.collection import TEST_GOALS  # which loads torch

    return {TEST: TEST_GOALS, FRESH: FRESH_GOALS}[kind]


def ending(kind: str) -> str:
    """Of the name of an evaluation's file."""
    return "" if kind == TEST else f"_{kind}"


def said(kind: str) -> dict[str, Any]:
    """What rows say of it; those of test goals nothing."""
    return {} if kind == TEST else {"goals": kind}


def by_goals(rows: Rows) -> list[tuple[str, Rows]]:
    """The rows of each kind that has any, and what a table says of it behind a line's title."""
    kinds = {f", {kind} goals" if said(kind) else "": said(kind).get("goals") for kind in (TEST, FRESH)}
    found = {title: [row for row in rows if row.get("goals") == kind] for title, kind in kinds.items()}
    return [(title, its) for title, its in found.items() if its]
