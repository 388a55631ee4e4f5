"""Filament in a process of its own, replaced before it has taken all the memory.

Every image that is read back from MuJoCo's Filament on Vulkan costs 1.4 MB, whatever its size, which closing
the renderer does not give back (seen with MuJoCo 4.0.0 and Mesa 22.3.6; docs/log.md). What a process has lost
comes back when it ends.
"""

import multiprocessing
import os
import subprocess
import sys
from multiprocessing.connection import Connection
from typing import Any

import mujoco
import numpy as np

from crossgap.errors import CrossgapError
from crossgap.simulation.base.filament import SAMPLES, FilamentRenderer
from crossgap.simulation.base.randomization import FIELD_NAMES
from crossgap.simulation.base.vulkan import filament_problem

IMAGES = 700
"""How many a process draws: 1 GB. Starting the next one takes a second or two, drawing them ten or more."""


class RenewedFilamentRenderer:
    """Draws as `FilamentRenderer` does, which has the arguments, with no more memory after many images.

    An image depends on what is sent alone, so a drawing process that dies is replaced, and draws it again.

    Raises:
        CrossgapError: Filament cannot start; the message says what to install.
    """

    def __init__(self, model: mujoco.MjModel, camera: str, size: int, supersample: int = SAMPLES):
        self.model, self._arguments = model, (camera, size, supersample)
        self._process: subprocess.Popen | None = None
        self._left, self._owner = 0, os.getpid()
        if problem := filament_problem():
            raise CrossgapError(problem)

    def render(self, data: mujoco.MjData) -> np.ndarray:
        """The camera's image of the model and its joints in `data`, (size, size, 3) uint8, top row first.

        Raises:
            CrossgapError: the drawing process died, and the next one, too.
        """
        try:
            return self._drawn(data)
        except (EOFError, OSError):
            self.close()
        try:
            return self._drawn(data)
        except (EOFError, OSError) as error:
            raise CrossgapError(
                "The process that draws with Filament died, and the next one, too, perhaps for lack of "
                "memory: it takes 1 GB. `crossgap doctor` tries Filament."
            ) from error

    def _drawn(self, data: mujoco.MjData) -> np.ndarray:
        if not self._left or self._owner != os.getpid():  # a fork shares its parent's pipe
            self._renew()
        self._left -= 1
        try:
            self._pipe.send(({name: getattr(self.model, name) for name in FIELD_NAMES}, data.qpos))
            return self._pipe.recv()
        except BaseException:  # Ctrl-C, too: its answer would be taken for the next one's
            self.close()
            raise

    def _renew(self) -> None:
        self.close()
        self._owner = os.getpid()
        self._pipe, theirs = multiprocessing.Pipe()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", __name__, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdout=subprocess.DEVNULL,  # Filament's threads greet there
                start_new_session=True,  # Ctrl-C is ours to handle; it ends with the pipe
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
        self._pipe.send((self.model, *self._arguments))
        self._left = IMAGES

    def close(self) -> None:
        """End the drawing process; another one is started where it is needed."""
        self._left = 0
        if self._process is not None:
            self._pipe.close()
            if self._owner == os.getpid():
                self._process.kill()  # nothing of it is kept
                self._process.wait()
            self._process = None

    def __del__(self) -> None:
        if not sys.is_finalizing():
            self.close()


def serve(pipe: Connection) -> None:
    """Draw what comes through the pipe until its other end is closed, by whatever."""
    model, camera, size, supersample = pipe.recv()
    data, renderer = mujoco.MjData(model), FilamentRenderer(model, camera, size, supersample)
    while True:
        try:
            message: tuple[dict[str, np.ndarray], Any] = pipe.recv()
        except (EOFError, OSError):
            os._exit(0)  # at once: there is nothing to put away
        fields, data.qpos[:] = message
        for name, array in fields.items():
            getattr(model, name)[:] = array
        mujoco.mj_kinematics(model, data)
        mujoco.mj_camlight(model, data)
        pipe.send(renderer.render(data))


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])))
