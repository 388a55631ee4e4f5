"""The error that a user can mend: what is wrong, where, and what would be right."""

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from typing import TypeVar

Thing = TypeVar("Thing")


class CrossgapError(Exception):
    """Bad input. The command line prints its message and ends with exit code 2."""


def unknown(kind: str, name: str, available: Iterable[str]) -> CrossgapError:
    """An error for a name that does not exist, with the names that do, and the one that may be meant."""
    names = sorted(available)
    # target_z is not more like target_a than others
    near = get_close_matches(str(name), names, n=1, cutoff=0.88)
    meant = f" Did you mean {near[0]}?" if near else ""
    return CrossgapError(f"{kind} '{name}' not found.{meant} Available: {', '.join(names)}.")


def find(kind: str, name: str, things: Mapping[str, Thing]) -> Thing:
    """The thing of that name.

    Raises:
        CrossgapError: there is none; the message lists those that exist.
    """
    check_known(kind, (name,), things)
    return things[name]


def check_known(kind: str, names: Iterable[str], available: Collection[str]) -> None:
    """Whether all of these names exist.

    Raises:
        CrossgapError: one does not; the message lists those that do.
    """
    for name in names:
        if name not in available:
            raise unknown(kind, name, available)
