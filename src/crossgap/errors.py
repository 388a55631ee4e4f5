"""The error that a user can mend: what is wrong, where, and what would be right."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class CrossgapError(Exception):
    """Bad input. The command line prints its message and ends with exit code 2."""


def unknown(kind: str, name: str, available: Iterable[str]) -> CrossgapError:
    """An error for a name that does not exist, with the names that do, and the one that may be meant."""
    names = sorted(available)
    near = get_close_matches(
        str(name), names, n=1, cutoff=0.88
    )  # target_z is not more like target_a than others
    meant = f" Did you mean {near[0]}?" if near else ""
    return CrossgapError(f"{kind} '{name}' not found.{meant} Available: {', '.join(names)}.")
