"""Names where they were before the rooms: they work, with a `DeprecationWarning` that says where they are."""

import importlib
import sys
import warnings
from functools import partial
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, cast

MOVED = {
    "adapted": "deploy.adapted",
    "catalog": "methods.registry methods.methods",
    "config": "collection methods.config methods.asymmetric_ddpg.config experiments.taskgan.presets",
    "data": "collection simulation.collect",
    "evaluation": "core.statistics",
    "experiments.xarm7_goggles": "deploy.policy experiments.xarm7.adaptation",
    "experiments.xarm7_rollouts": "deploy.policy experiments.xarm7.rollouts",
    "files": "base.files",
    "policy": "deploy.policy",
    "runs": "base.machine core.runs",
    **{
        f"simulation.xarm7_{n}": f"simulation.xarm7.{n}" for n in ("kinematics", "reach", "scene", "velocity")
    },
    "training": "core.fabric core.trainer",
}
"""Where the names of a module are now, lower rooms first; `data` and `evaluation` are still there."""


def moved(module: str, name: str) -> Any:
    """A name of a module of `MOVED`, from where it is now."""
    for place in () if name.startswith("__") else MOVED[module].split():
        found = importlib.import_module(f"crossgap.{place}")
        if hasattr(found, name):
            now = f"crossgap.{module}.{name} is in crossgap.{place} now."
            warnings.warn(now, DeprecationWarning, stacklevel=2)
            return getattr(found, name)
    raise AttributeError(f"module 'crossgap.{module}' has no attribute '{name}'")


class MovedModules(Loader):
    """Imports the modules of `MOVED` that are no more, where nothing else does."""

    @classmethod
    def find_spec(cls, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """The module's, where it is one."""
        del path, target
        return ModuleSpec(fullname, cls()) if fullname.removeprefix("crossgap.") in MOVED else None

    def exec_module(self, module: ModuleType) -> None:
        """Give it no names but those of other modules."""
        module.__getattr__ = partial(moved, module.__name__.removeprefix("crossgap."))  # type: ignore


sys.meta_path.append(cast(Any, MovedModules))
