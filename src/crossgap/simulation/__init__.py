"""Worlds to see and act in: Gymnasium environments on MuJoCo. Imports no torch.

A folder is a world: its `__init__.py` enters it, and registers its environments. An environment can be copied
and pickled, and stepped in any thread: each draws with an OpenGL of its own.
"""

from functools import partial

from crossgap.moved import moved
from crossgap.simulation.base.gl import import_mujoco

import_mujoco()  # before anything else does, and without MUJOCO_GL

from crossgap.simulation.registry import WORLDS  # noqa: E402

len(WORLDS)  # finds them
__getattr__ = partial(moved, "simulation")
