"""Crossgap: cross the reality gap with a task-aware image translator, and prove it in closed loop."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import crossgap.moved  # noqa: F401 (names of before)

if TYPE_CHECKING:
    from crossgap.collection import Collection
    from crossgap.commands.adapt import adapt
    from crossgap.core.fabric import make_fabric
    from crossgap.core.statistics import paired_difference, wilson_interval
    from crossgap.core.trainer import Phase, Trainer
    from crossgap.data import Classes, LabelledImages, LabelScale, read_folder, write_folder
    from crossgap.data.observations import Observations, read_observations
    from crossgap.deploy.adapted import AdaptedModel
    from crossgap.deploy.adapted_policy import AdaptedPolicy
    from crossgap.deploy.folders import translate_folder
    from crossgap.deploy.guard import Guard
    from crossgap.deploy.onnx.export import export_onnx
    from crossgap.deploy.policy import Goggles, ReachPolicy
    from crossgap.deploy.translator import Translator
    from crossgap.errors import CrossgapError
    from crossgap.evaluation import closed_loop, offline_error
    from crossgap.methods.config import TaskGANConfig
    from crossgap.methods.methods import Methods
    from crossgap.simulation.collect import collect
    from crossgap.simulation.wrappers import HoldStill, TranslateObservation

_WHERE = {name: module for module, names in {
    "collection": "Collection", "commands.adapt": "adapt", "core.fabric": "make_fabric",
    "core.trainer": "Phase Trainer",
    "core.statistics": "paired_difference wilson_interval", "deploy.adapted": "AdaptedModel",
    "deploy.adapted_policy": "AdaptedPolicy", "data.observations": "Observations read_observations",
    "data": "Classes LabelScale LabelledImages read_folder write_folder", "errors": "CrossgapError",
    "deploy.folders": "translate_folder", "deploy.guard": "Guard", "deploy.policy": "Goggles ReachPolicy",
    "deploy.onnx.export": "export_onnx", "evaluation": "closed_loop offline_error",
    "deploy.translator": "Translator",
    "methods.config": "TaskGANConfig", "methods.methods": "Methods", "simulation.collect": "collect",
    "simulation.wrappers": "HoldStill TranslateObservation",
}.items() for name in names.split()}  # fmt: skip

__all__ = [
    "AdaptedModel", "AdaptedPolicy", "Classes", "Collection", "CrossgapError", "Goggles", "Guard",
    "HoldStill", "LabelScale", "LabelledImages", "Methods", "Observations", "Phase", "ReachPolicy",
    "TaskGANConfig", "Trainer", "TranslateObservation", "Translator", "adapt", "closed_loop", "collect",
    "export_onnx", "make_fabric", "offline_error", "paired_difference", "read_folder", "read_observations",
    "translate_folder", "wilson_interval", "write_folder",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `--help` needs no torch."""
    if name not in _WHERE:
        raise AttributeError(f"module 'crossgap' has no attribute '{name}'")
    return getattr(importlib.import_module(f"crossgap.{_WHERE[name]}"), name)
