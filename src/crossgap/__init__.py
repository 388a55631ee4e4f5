"""Crossgap: cross the reality gap with a task-aware image translator, and prove it in closed loop."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crossgap.adapted import AdaptedModel
    from crossgap.catalog import Methods
    from crossgap.config import Collection, TaskGANConfig
    from crossgap.data import Classes, LabelledImages, LabelScale, collect, read_folder, write_folder
    from crossgap.errors import CrossgapError
    from crossgap.evaluation import closed_loop, offline_error, paired_difference, wilson_interval
    from crossgap.training import Trainer, make_fabric

_WHERE = {
    "AdaptedModel": "adapted",
    "Classes": "data",
    "Collection": "config",
    "TaskGANConfig": "config",
    "LabelScale": "data",
    "LabelledImages": "data",
    "collect": "data",
    "read_folder": "data",
    "write_folder": "data",
    "CrossgapError": "errors",
    "closed_loop": "evaluation",
    "offline_error": "evaluation",
    "paired_difference": "evaluation",
    "wilson_interval": "evaluation",
    "Methods": "catalog",
    "Trainer": "training",
    "make_fabric": "training",
}

__all__ = [
    "AdaptedModel", "Classes", "Collection", "CrossgapError", "LabelScale", "LabelledImages", "Methods",
    "TaskGANConfig", "Trainer", "closed_loop", "collect", "make_fabric", "offline_error",
    "paired_difference", "read_folder", "wilson_interval", "write_folder",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `--help` needs no torch."""
    if name not in _WHERE:
        raise AttributeError(f"module 'crossgap' has no attribute '{name}'")
    return getattr(importlib.import_module(f"crossgap.{_WHERE[name]}"), name)
