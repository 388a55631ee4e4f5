"""Names where they were before the rooms: they work, with a `DeprecationWarning` that says where they are."""

import importlib
import warnings
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from typing import Any

MOVED = {
    "adapted": "deploy.adapted",
    "catalog": "methods.registry methods.methods",
    "config": "collection methods.config methods.asymmetric_ddpg.config experiments.taskgan.presets",
    "data": "collection simulation.collect",
    "evaluation": "core.statistics",
    "experiments.xarm7_goggles": "deploy.goggles experiments.xarm7.adaptation",
    "experiments.xarm7_rollouts": "deploy.policy experiments.xarm7.rollouts",
    "files": "base.files",
    "policy": "deploy.policy",
    "runs": "base.machine core.provenance core.runs",
    **{
        f"simulation.xarm7_{n}": f"simulation.xarm7.{n}" for n in ("kinematics", "reach", "scene", "velocity")
    },
    "training": "core.phase core.fabric core.trainer",
}
"""Where the names of a module are now, lower rooms first; `data` and `evaluation` are still there."""


def moved_from(module: str) -> Callable[[str], Any]:
    """The `__getattr__` of a module of `MOVED`."""

    def find(name: str) -> Any:
        for place in () if name.startswith("__") else MOVED[module].split():
            found = importlib.import_module(f"crossgap.{place}")
            if hasattr(found, name):
                now = f"crossgap.{module}.{name} is in crossgap.{place} now."
                warnings.warn(now, DeprecationWarning, stacklevel=2)
                return getattr(found, name)
        raise AttributeError(f"module 'crossgap.{module}' has no attribute '{name}'")

    return find


class MovedModules:
    """Finds the modules of `MOVED` that are no more; at the end of `sys.meta_path`."""

    @staticmethod
    def find_spec(fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Of the importer's protocol."""
        del path, target
        return ModuleSpec(fullname, MovedModules) if fullname.removeprefix("crossgap.") in MOVED else None  # type: ignore

    @staticmethod
    def create_module(spec: ModuleSpec) -> None:
        """Of the importer's protocol."""

    @staticmethod
    def exec_module(module: Any) -> None:
        """Of the importer's protocol."""
        module.__getattr__ = moved_from(module.__name__.removeprefix("crossgap."))
