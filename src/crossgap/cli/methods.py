"""`crossgap methods`."""

from __future__ import annotations


def methods() -> None:
    """List the methods: what each is, and what it needs."""
    from crossgap.commands.train import list_methods

    list_methods()
