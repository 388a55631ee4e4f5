"""The error that a user can mend: what is wrong, where, and what would be right."""

from collections.abc import Collection, Iterable, Mapping
from difflib import SequenceMatcher
from typing import TypeVar

Thing = TypeVar("Thing")
ALIKE = 0.72
"""How like a name another one is that may be meant, from 0 to 1."""


class CrossgapError(Exception):
    """Bad input. The command line prints its message and ends with exit code 2."""


def reason_of(error: Exception) -> str:
    """Of an error of somebody else's code its kind and its first line, to stand in brackets."""
    said = str(error).strip().partition("\n")[0].rstrip(".")
    return f"{type(error).__name__}: {said}"


def unknown(kind: str, name: str, available: Iterable[str]) -> CrossgapError:
    """An error for a name that does not exist, with the names that do, and the one that may be meant."""
    names = sorted(available)
    near = meant(str(name), names)
    return CrossgapError(
        f"{kind} '{name}' not found.{f' Did you mean {near}?' if near else ''} Available: {', '.join(names)}."
    )


def meant(name: str, names: Iterable[str]) -> str:
    """The one of these names that is more like a misspelt one than all others, or that alone begins so; ""
    where none is, such as for target_z, which is as like target_a as target_b."""
    small = name.lower()
    begun = [other for other in names if len(small) > 2 and other.lower().startswith(small)]
    if len(begun) == 1:
        return begun[0]
    like = sorted(
        ((SequenceMatcher(None, small, other.lower()).ratio(), other) for other in names), reverse=True
    )
    clear = like and like[0][0] >= ALIKE and (len(like) == 1 or like[0][0] > like[1][0])
    return like[0][1] if clear else ""


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
