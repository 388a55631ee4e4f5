"""Names where they were before the rooms: they work, with a `DeprecationWarning` that says where they are.

These are the modules of `MOVED`, and of each what those that it names have now. Other names that README and
docs did not show have ended, such as `crossgap.methods.dann.DANN`, whose module is a folder now.
"""

import importlib
import sys
import warnings
from functools import partial
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, cast

MOVED = {
    **dict.fromkeys(("catalog", "catalog.methods"), "data.overlap methods.registry methods.methods"),
    "adapted": "deploy.adapted", "checkpoints": "core.weights", "metrics": "core.trainer",
    "config": "collection methods.config methods.asymmetric_ddpg.config experiments.taskgan.presets",
    "data": "collection simulation.collect", "data.replay": "rl.replay", "evaluation": "core.statistics",
    "experiments.xarm7_goggles": "deploy.policy experiments.xarm7.adaptation",
    "experiments.xarm7_rollouts": "deploy.policy experiments.xarm7.rollouts",
    "files": "base.files", "policy": "deploy.policy", "progress": "base.progress",
    "networks.generator": "networks.taskgan", "networks.task_model": "networks.taskgan",
    "runs": "base.machine core.runs", "simulation": "simulation.reach3 simulation.xarm7",
    "simulation.looks": "simulation.base.looks simulation.reach3.looks",
    "simulation.randomization": "simulation.base.randomization",
    "simulation.worlds": "simulation.registry simulation.mico",
    **{f"simulation.xarm7_{name}": f"simulation.xarm7.{name}"
       for name in ("kinematics", "looks", "pick_place", "reach", "scene", "velocity")},
    "training": "core.fabric core.trainer", "weights": "core.fabric core.weights",
}  # fmt: skip
"""Where the names of a module are now, lower rooms first."""
GONE = {f"crossgap.{name}" for name in MOVED.keys() - {"data", "evaluation", "simulation"}}
"""The modules that are no more; the three are still there, and ask `moved` for names that they lack."""


def moved(module: str, name: str) -> Any:
    """A name of a module of `MOVED`, from where it is now."""
    for place in () if name.startswith("__") else MOVED[module].split():
        found = importlib.import_module(f"crossgap.{place}")
        if hasattr(found, name):
            now = f"crossgap.{module}.{name} is in crossgap.{place} now."
            warnings.warn(now, DeprecationWarning, stacklevel=2)
            return getattr(found, name)
    raise AttributeError(f"module 'crossgap.{module}' has no attribute '{name}'")


class MovedModules:
    """Imports the modules of `GONE`; a finder and loader as `importlib.abc` has them, whose import would take
    as long as all of ours."""

    @classmethod
    def find_spec(cls, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """The module's, where it is one."""
        del path, target
        return ModuleSpec(fullname, cast(Any, cls()), is_package=True) if fullname in GONE else None

    def create_module(self, spec: ModuleSpec) -> None:
        """As Python makes modules."""
        del spec

    def exec_module(self, module: ModuleType) -> None:
        """Give it no names but those of other modules."""
        module.__getattr__ = partial(moved, module.__name__.removeprefix("crossgap."))  # type: ignore


# the first: a folder that Git left behind, with nothing but a cache in it, would be a package
sys.meta_path.insert(0, cast(Any, MovedModules))
