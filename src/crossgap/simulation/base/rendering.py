"""Fast headless rendering: the settings that make MuJoCo's classic renderer 100 times faster on a CPU."""

from __future__ import annotations

import atexit
import functools
import os
import sys
import threading
import weakref
from typing import Any

import mujoco
import numpy as np
from PIL import Image

from crossgap.errors import CrossgapError
from crossgap.simulation.base.gl import OFF, context_class, import_mujoco, remedy


def fast_quality(spec: mujoco.MjSpec, size: int) -> None:
    """Set what makes rendering fast: no multisampling, coarse meshes, a buffer of `size` pixels.

    Shadows are switched on light by light; see `looks.Light`. A shadow map of 512 pixels over a spot
    light's whole cone shows no speckles at these sizes.
    """
    spec.visual.quality.shadowsize, spec.visual.map.shadowscale = 512, 1.0
    spec.visual.quality.offsamples = 0
    spec.visual.quality.numquads = 1
    slices = int(np.clip(size // 8, 8, 28))  # as round as can be seen in so few pixels
    spec.visual.quality.numslices, spec.visual.quality.numstacks = slices, slices // 2
    spec.visual.global_.offwidth = size
    spec.visual.global_.offheight = size


_ALL: weakref.WeakSet[Renderer] = weakref.WeakSet()
_STARTING = threading.Lock()
"""MuJoCo finds OpenGL's functions anew for every context, and keeps them where all threads look."""
_LEFT: list[tuple[int, Any, Any]] = []
"""Contexts that were given up, and whose thread has to free them."""


class Renderer:
    """Renders fixed cameras of a model into square images, antialiased by supersampling.

    Args:
        model: the compiled model; its offscreen buffer must hold `size * supersample` pixels.
        camera: name of the camera that is drawn unless another is asked for.
        size: width and height of the images in pixels.
        supersample: how many times larger it renders before averaging; cheaper than multisampling.

    Raises:
        CrossgapError: no OpenGL could be started; or, of `render`, it was made in another thread.
    """

    def __init__(self, model: mujoco.MjModel, camera: str, size: int, supersample: int = 2):
        self.model, self.size, self.supersample = model, size, supersample
        width = size * supersample
        backend = os.environ.get("MUJOCO_GL", "")
        if problem := import_mujoco():
            raise CrossgapError(problem)
        if backend.lower() in OFF:
            raise CrossgapError(
                f"No headless OpenGL: neither libEGL nor libOSMesa was found, or MUJOCO_GL={backend} is set. "
                f"{remedy(backend)}"
            )
        self.thread = threading.get_ident()
        _free_own()
        try:
            with _STARTING:
                self._gl = context_class()(width, width)
                self._gl.make_current()
                self._context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)
        except Exception as error:  # PyOpenGL's are of all kinds
            reason = " ".join(str(error).split()).rstrip(".")
            raise CrossgapError(
                f"Headless OpenGL (MUJOCO_GL={backend}) could not start: {reason}. {remedy(backend)}"
            ) from error
        _ALL.add(self)
        _close_at_exit()
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._context)
        self._scene = mujoco.MjvScene(model, maxgeom=200)
        self._option = mujoco.MjvOption()
        self._context.readDepthMap = mujoco.mjtDepthMap.mjDEPTH_ZEROFAR
        self._camera = mujoco.MjvCamera()
        self._camera.type = mujoco.mjtCamera.mjCAMERA_FIXED
        self._default = camera
        self._viewport = mujoco.MjrRect(0, 0, width, width)
        self._pixels = np.empty((width, width, 3), np.uint8)
        self._depths = np.empty((width, width), np.float32)

    def render(self, data: mujoco.MjData, camera: str | None = None) -> np.ndarray:
        """A camera's image of `data`, (size, size, 3) uint8, top row first."""
        self._draw(data, camera)
        mujoco.mjr_readPixels(self._pixels, None, self._viewport, self._context)
        return self._image()

    def render_with_depth(self, data: mujoco.MjData, camera: str) -> tuple[np.ndarray, np.ndarray]:
        """The same, and its depth: (size, size) float32, metres along the camera's axis.

        Of supersampled pixels the depth is that of the first: a mean would lie between near and far things.
        """
        self._draw(data, camera)
        mujoco.mjr_readPixels(self._pixels, self._depths, self._viewport, self._context)
        extent, planes = self.model.stat.extent, self.model.vis.map
        near, far = extent * planes.znear, extent * planes.zfar
        depth = self._depths[:: self.supersample, :: self.supersample][::-1].astype(np.float64)
        # 1 is at the near plane, 0 at the far one
        return self._image(), (near * far / (near + depth * (far - near))).astype(np.float32)

    def segment(self, data: mujoco.MjData, camera: str | None = None) -> np.ndarray:
        """Which geom a camera sees in every pixel, (size, size) int, -1 where there is none.

        Of supersampled pixels it is that of the first.
        """
        flags = self._scene.flags
        flags[mujoco.mjtRndFlag.mjRND_SEGMENT] = flags[mujoco.mjtRndFlag.mjRND_IDCOLOR] = True
        try:
            self._draw(data, camera)
        finally:
            flags[mujoco.mjtRndFlag.mjRND_SEGMENT] = flags[mujoco.mjtRndFlag.mjRND_IDCOLOR] = False
        mujoco.mjr_readPixels(self._pixels, None, self._viewport, self._context)
        pixels = self._pixels[:: self.supersample, :: self.supersample][::-1].astype(int)
        numbers = pixels @ np.array([1, 2**8, 2**16])  # 0 is the background, 1 the first thing that was drawn
        geoms = np.full(self._scene.ngeom + 1, -1)
        for drawn in self._scene.geoms[: self._scene.ngeom]:
            if drawn.objtype == mujoco.mjtObj.mjOBJ_GEOM and drawn.segid >= 0:
                geoms[drawn.segid + 1] = drawn.objid
        return geoms[numbers]

    def _draw(self, data: mujoco.MjData, camera: str | None) -> None:
        if self.thread != threading.get_ident():
            raise CrossgapError(
                "This scene was made in another thread, and OpenGL draws in that one alone. Make a scene in "
                "each thread that draws; a Gymnasium environment does so itself."
            )
        self._gl.make_current()
        self._camera.fixedcamid = self.model.camera(camera or self._default).id
        mujoco.mjv_updateScene(
            self.model, data, self._option, None, self._camera, mujoco.mjtCatBit.mjCAT_ALL, self._scene
        )
        mujoco.mjr_render(self._viewport, self._scene, self._context)

    def _image(self) -> np.ndarray:
        image = np.ascontiguousarray(self._pixels[::-1])
        return image if self.supersample == 1 else np.asarray(Image.fromarray(image).reduce(self.supersample))

    def close(self) -> None:
        """Free the OpenGL context."""
        if hasattr(self, "_context"):
            _LEFT.append((self.thread, self._gl, self._context))
            del self._context
            _free_own()

    def __del__(self) -> None:
        if not sys.is_finalizing():
            self.close()


@functools.cache
def _close_at_exit() -> None:
    """Once a context is there: after the program's end PyOpenGL, and before it MuJoCo's EGL, is gone."""
    atexit.register(_close_all)


def _close_all() -> None:
    for renderer in list(_ALL):
        if renderer.thread == threading.get_ident():
            renderer.close()


def _free_own() -> None:
    """Free the contexts of this thread that were given up."""
    for left in [one for one in _LEFT if one[0] == threading.get_ident()]:
        _, gl, context = left
        try:
            gl.make_current()  # else another renderer's objects would be freed
        except Exception:  # of a thread that ended with it, and whose number this one has got: lost
            continue
        _LEFT.remove(left)
        context.free()
        gl.free()


def gl_renderer_name() -> str:
    """What OpenGL says it draws with, for example `llvmpipe (LLVM 15, 256 bits)`."""
    context = context_class()(16, 16)
    context.make_current()
    try:
        from OpenGL import GL

        return (GL.glGetString(GL.GL_RENDERER) or b"unknown").decode()
    finally:
        context.free()
