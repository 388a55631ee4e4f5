"""The error that a user can mend: what is wrong, where, and what would be right."""

from __future__ import annotations

from collections.abc import Iterable


class CrossgapError(Exception):
    """Bad input. The command line prints its message and ends with exit code 2."""


def unknown(kind: str, name: str, available: Iterable[str]) -> CrossgapError:
    """An error for a name that does not exist, listing the names that do."""
    return CrossgapError(f"{kind} '{name}' not found. Available: {', '.join(sorted(available))}.")
