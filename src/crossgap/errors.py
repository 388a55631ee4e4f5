"""The error that a user can mend: what is wrong, where, and what would be right."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class CrossgapError(Exception):
    """Bad input. The command line prints its message and ends with exit code 2."""


def unknown(kind: str, name: str, available: Iterable[str]) -> CrossgapError:
    """An error for a name that does not exist, with the names that do, and which of them may be meant."""
    names = sorted(available)
    near = get_close_matches(name, names, n=3, cutoff=0.8)
    meant = f" Did you mean {' or '.join(near)}?" if near else ""
    return CrossgapError(f"{kind} '{name}' not found.{meant} Available: {', '.join(names)}.")
