"""Fast headless rendering: the settings that make MuJoCo's classic renderer 100 times faster on a CPU."""

# mujoco ships no type information
# pyright: reportAttributeAccessIssue=false
from __future__ import annotations

import os
import sys

import mujoco
import numpy as np
from PIL import Image

from crossgap.errors import CrossgapError
from crossgap.simulation.gl import APT_LINE


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


class Renderer:
    """Renders fixed cameras of a model into square images, antialiased by supersampling.

    Args:
        model: the compiled model; its offscreen buffer must hold `size * supersample` pixels.
        camera: name of the camera that is drawn unless another is asked for.
        size: width and height of the images in pixels.
        supersample: how many times larger it renders before averaging; cheaper than multisampling.
    """

    def __init__(self, model: mujoco.MjModel, camera: str, size: int, supersample: int = 2):
        self.model, self.size, self.supersample = model, size, supersample
        width = size * supersample
        backend = os.environ.get("MUJOCO_GL")
        if backend == "disable":
            raise CrossgapError(
                "No headless OpenGL found (neither libEGL nor libOSMesa). "
                f"On Debian or Ubuntu install it with: {APT_LINE}"
            )
        try:
            self._gl = mujoco.GLContext(width, width)
            self._gl.make_current()
            self._context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)
        except (ImportError, RuntimeError, mujoco.FatalError, AttributeError) as error:
            raise CrossgapError(
                f"Headless OpenGL ({backend}) could not start: {error}. "
                f"On Debian or Ubuntu try: {APT_LINE}; or set MUJOCO_GL=osmesa."
            ) from error
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

    def render_with_depth(
        self, data: mujoco.MjData, camera: str | None = None
    ) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
        """The same, and its depth: (size, size) float32, metres along the camera's axis.

        Of supersampled pixels the depth is that of the first: a mean would lie between near and far things.
        """
        self._draw(data, camera)
        mujoco.mjr_readPixels(self._pixels, self._depths, self._viewport, self._context)
        near, far = (
            self.model.stat.extent * at for at in (self.model.vis.map.znear, self.model.vis.map.zfar)
        )
        depth = self._depths[:: self.supersample, :: self.supersample][::-1].astype(np.float64)
        # 1 is at the near plane, 0 at the far one
        return self._image(), (near * far / (near + depth * (far - near))).astype(np.float32)

    def _draw(self, data: mujoco.MjData, camera: str | None) -> None:
        self._gl.make_current()
        self._camera.fixedcamid = self.model.camera(camera or self._default).id
        mujoco.mjv_updateScene(
            self.model, data, self._option, None, self._camera,
            mujoco.mjtCatBit.mjCAT_ALL, self._scene,
        )  # fmt: skip
        mujoco.mjr_render(self._viewport, self._scene, self._context)

    def _image(self) -> np.ndarray:
        image = np.ascontiguousarray(self._pixels[::-1])
        return image if self.supersample == 1 else np.asarray(Image.fromarray(image).reduce(self.supersample))

    def close(self) -> None:
        """Free the OpenGL context."""
        if hasattr(self, "_context"):
            self._gl.make_current()  # else it would free another renderer's objects
            self._context.free()
            del self._context
            self._gl.free()

    def __del__(self) -> None:
        if not sys.is_finalizing():
            self.close()


def gl_renderer_name() -> str:
    """What OpenGL says it draws with, for example `llvmpipe (LLVM 15, 256 bits)`."""
    context = mujoco.GLContext(16, 16)
    context.make_current()
    try:
        from OpenGL import GL

        return (GL.glGetString(GL.GL_RENDERER) or b"unknown").decode()
    finally:
        context.free()
