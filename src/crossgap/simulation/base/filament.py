"""Physically based rendering: MuJoCo's Filament renderer in the place of its classic one.

Filament's own tone mapping adds noise that depends on how many frames were drawn before. For equal seeds to
give equal images, Filament draws plain linear light here, and `tone_mapped` turns it into what Filament
would have shown.
"""

import sys
from typing import Any

import mujoco
import numpy as np

from crossgap.simulation.base.vulkan import start_filament

ROUGHNESS = 0.5
"""Of every surface, in [0, 1]: painted metal, plastic and varnished wood lie about there."""
BULB_RADIUS = 0.25
"""Radius of every light, metres: how soft its shadows are; that of a studio lamp, to be seen at 64 px."""
SUN, SURROUNDINGS = 2 * 80_000.0, 2 * 5_000.0
"""Strength of all lights together, and of the light from everywhere: MuJoCo's defaults, twice, because
without its tone mapping Filament draws half as bright."""
SAMPLES = 2
"""How many times larger than asked it draws at least; nothing else smooths its edges."""


def physical_quality(spec: mujoco.MjSpec) -> None:
    """Make every surface and light physical, and shadows soft; the colours stay what they are."""
    plain = spec.add_material(name="plain", rgba=[1, 1, 1, 1])
    for geom in spec.geoms:
        geom.material = geom.material or plain.name
    for material in spec.materials:
        material.metallic, material.roughness = 0.0, ROUGHNESS
    for light in spec.lights:
        light.bulbradius = BULB_RADIUS
    spec.visual.quality.numslices, spec.visual.quality.numstacks = 28, 14
    spec.add_text(name="filament.shadows.type", data="pcss")
    for name, strength in (("scene", SUN), ("environment", SURROUNDINGS)):
        spec.add_numeric(name=f"filament.fallback.{name}_light_intensity", data=[strength], size=1)


def tone_mapped(light: np.ndarray) -> np.ndarray:
    """sRGB colours in [0, 1] from linear light (…, 3) in [0, 1], by Filament's default in MuJoCo.

    Colours below 0.76 stay what they are, less a little haze; brighter ones are compressed and lose their
    colour (Khronos PBR Neutral Tone Mapper, 2024).
    """
    start, desaturation = 0.76, 0.15
    darkest = light.min(-1, keepdims=True)
    colour = light - np.where(darkest < 0.08, darkest - 6.25 * darkest**2, 0.04)
    peak = np.maximum(colour.max(-1, keepdims=True), 1e-9)
    compressed = 1 - (1 - start) ** 2 / (np.maximum(peak, start) + 1 - 2 * start)
    white = 1 - 1 / (desaturation * (peak - compressed) + 1)
    highlight = (1 - white) * colour * compressed / peak + white * compressed
    colour = np.where(peak < start, colour, highlight)
    return np.where(
        colour <= 0.0031308, 12.92 * colour, 1.055 * np.maximum(colour, 1e-9) ** (1 / 2.4) - 0.055
    )


class FilamentRenderer:
    """Renders one fixed camera of a model into square images, as `rendering.Renderer` does.

    Equal states give equal images in any order and in any process, but for one level of one colour in one
    pixel of about one image in 200 (docs/log.md). Where there is no Vulkan the process ends:
    `filament_problem` says so before.

    Args:
        model: the compiled model, made with `physical_quality`.
        camera: name of the camera.
        size: width and height of the images in pixels.
        supersample: how many times larger it draws before averaging, at least `SAMPLES`.
    """

    def __init__(self, model: mujoco.MjModel, camera: str, size: int, supersample: int = SAMPLES):
        from mujoco import mjrf

        self.model, self.size, self.supersample = model, size, max(supersample, SAMPLES)
        self._camera = mujoco.MjvCamera()
        self._camera.type = mujoco.mjtCamera.mjCAMERA_FIXED
        self._camera.fixedcamid = model.camera(camera).id
        self._view = mujoco.MjvScene(model, maxgeom=1)
        width = size * self.supersample
        self._context = start_filament()
        self._resources = mjrf.ModelResources(self._context, self.model)
        self._scene = self._context.create_scene(mjrf.SceneParams())
        self._scene.configure_from_model(self.model)
        self._lights = mjrf.ModelLights(self._scene, self._resources)
        self._follow_sizes()
        self._target = self._context.create_render_target(
            mjrf.RenderTargetConfig(color_format=mjrf.PixelFormat.PIXEL_FORMAT_RGB8)
        )
        self._target.resize(width, width)
        self._pixels = np.zeros((width, width, 3), np.uint8)
        self._read = mjrf.ReadRequest(target=self._target)
        self._read.set_buffer(self._pixels)
        self._request = mjrf.RenderRequest()
        self._request.scene, self._request.target = self._scene, self._target
        self._request.viewport.width = self._request.viewport.height = width
        self._request.post_processing = False

    def _follow_sizes(self) -> None:
        """Make the scene's geoms: of all that changes in a model, Filament reads their sizes only here."""
        from mujoco import mjrf

        self._geoms: Any = None  # takes the former ones out of the scene
        self._geoms = mjrf.ModelRenderables(self._scene, self._resources)
        self._sizes = self.model.geom_size.copy()

    def render(self, data: mujoco.MjData) -> np.ndarray:
        """The camera's image of `data`, (size, size, 3) uint8, top row first."""
        from mujoco import mjrf

        if not np.array_equal(self._sizes, self.model.geom_size):
            self._follow_sizes()
        mujoco.mjv_updateCamera(self.model, data, self._camera, self._view)
        eye = mujoco.mjv_averageCamera(*self._view.camera)  # of a stereo pair
        parts = ("pos", "forward", "up", "frustum_bottom", "frustum_top", "frustum_near", "frustum_far")
        self._request.camera = mjrf.Camera(**{part: getattr(eye, part) for part in parts})
        self._lights.update(data)
        self._geoms.update(data)
        self._context.wait_for_frame(self._context.render([self._request], [self._read]))
        blocks = self._pixels.reshape(self.size, self.supersample, self.size, self.supersample, 3)
        light = blocks.mean((1, 3)) / 255
        return np.round(255 * np.clip(tone_mapped(light), 0, 1)).astype(np.uint8)

    def close(self) -> None:
        """Free what Filament holds: it keeps no count itself, so each thing before what it hangs on."""
        for name in ("_geoms", "_lights", "_request", "_read", "_target", "_scene", "_resources", "_context"):
            self.__dict__.pop(name, None)

    def __del__(self) -> None:
        if not sys.is_finalizing():
            self.close()
