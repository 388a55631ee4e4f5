"""The physically based look: the same scene as the source's, another renderer. Skipped without Vulkan."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from PIL import Image

from crossgap.cli.verbs import looks
from crossgap.commands.doctor import filament_state
from crossgap.errors import CrossgapError
from crossgap.simulation.base import filament, filament_process, vulkan
from crossgap.simulation.base.filament import FilamentRenderer, tone_mapped
from crossgap.simulation.base.filament_process import RenewedFilamentRenderer
from crossgap.simulation.base.randomization import Fields, get_randomization
from crossgap.simulation.base.scene import CAMERA
from crossgap.simulation.base.workers import EnvironmentPool
from crossgap.simulation.contact_sheet import shown
from crossgap.simulation.meshes import meshes_problem
from crossgap.simulation.reach3 import REACH3
from crossgap.simulation.reach3 import kinematics as k
from crossgap.simulation.reach3.looks import LOOKS
from crossgap.simulation.reach3.scene import Reach3Scene

SIZE = 24
LOOK = "target_pbr"
Q, CUBE = np.array([0.2, 0.4, 1.0]), np.array([0.40, -0.10, k.CUBE_HALF])


@pytest.fixture(scope="module", name="vulkan_is_there")
def _vulkan_is_there() -> None:
    if problem := vulkan.filament_problem():
        pytest.skip(problem)


needs_vulkan = pytest.mark.usefixtures("vulkan_is_there")


@pytest.fixture
def no_vulkan(monkeypatch: pytest.MonkeyPatch):
    """A machine without a Vulkan driver; where there is none anyway, it changes nothing."""
    for name in ("VK_DRIVER_FILES", "VK_ICD_FILENAMES"):
        monkeypatch.setenv(name, "/nonexistent")
    vulkan.filament_problem.cache_clear()
    yield
    vulkan.filament_problem.cache_clear()


def test_without_vulkan_the_look_is_our_error_with_the_line_that_installs_it(no_vulkan) -> None:
    with pytest.raises(CrossgapError, match=r"needs software Vulkan.*apt-get install .*mesa-vulkan-drivers"):
        Reach3Scene(LOOK, size=SIZE)
    with (
        EnvironmentPool(REACH3, 1, look=LOOK, size=SIZE) as pool,
        pytest.raises(CrossgapError, match=r"apt-get install .*libvulkan1"),
    ):
        pool.reset([0])


def test_without_vulkan_doctor_gives_the_line(no_vulkan) -> None:
    assert vulkan.VULKAN_APT_LINE in filament_state("reach3", LOOK)


def test_the_contact_sheet_names_the_looks_that_it_leaves_out_and_why(
    no_vulkan, tmp_path, monkeypatch, capsys
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))  # where no meshes are
    looks(tmp_path / "looks.png", size=8)
    said = " ".join(capsys.readouterr().err.split())
    assert f"Left out is reach3: {LOOK}. {vulkan.filament_problem()}" in said
    assert f"Left out is xarm7: target_mesh. {meshes_problem()}" in said
    there = [look for world in shown().values() for look in world.looks]
    rows = len(there) - said.count("Left out") + len(shown())  # each world with a randomized one
    assert Image.open(tmp_path / "looks.png").height == rows * (8 + 18)  # a label above each


def test_tone_mapping_of_values_worked_out_by_hand() -> None:
    grey = tone_mapped(np.array([[0.54] * 3]))  # 0.54 - 0.04, below 0.76
    np.testing.assert_allclose(grey, 1.055 * 0.5 ** (1 / 2.4) - 0.055)
    red = tone_mapped(np.array([[0.5, 0.0, 0.0]]))  # its darkest channel is 0: no haze
    np.testing.assert_allclose(red, [[1.055 * 0.5 ** (1 / 2.4) - 0.055, 0, 0]], atol=1e-12)
    peak = 1 - 0.24**2 / (0.96 + 1 - 2 * 0.76)  # white: 0.96 compressed
    np.testing.assert_allclose(tone_mapped(np.ones((1, 3))), 1.055 * peak ** (1 / 2.4) - 0.055)
    ramp = tone_mapped(np.linspace(0, 1, 100)[:, None] * np.ones(3))
    assert (np.diff(ramp[:, 0]) > 0).all()


@needs_vulkan
def test_it_shows_what_filament_shows_by_default_without_its_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = image(Reach3Scene.shared(LOOK, "none", SIZE))
    monkeypatch.setattr(filament, "SUN", 80_000.0)  # MuJoCo's defaults
    monkeypatch.setattr(filament, "SURROUNDINGS", 5_000.0)
    scene = Reach3Scene(LOOK, size=SIZE)
    renderer = FilamentRenderer(scene.model, CAMERA, SIZE)
    renderer._request.post_processing = True
    scene._renderer.close()
    scene._renderer = renderer
    image(scene)
    theirs = renderer._pixels.reshape(SIZE, 2, SIZE, 2, 3).mean((1, 3))
    assert np.median(np.abs(ours - theirs)) < 1.5
    assert np.abs(ours - theirs).mean() < 4  # it also smooths edges in its own way
    scene.close()


def image(scene: Reach3Scene, fields: Fields | None = None, q: np.ndarray = Q) -> np.ndarray:
    appearance = scene.new_appearance(np.random.default_rng(0)) if fields is None else fields
    return scene.render(q, CUBE, 0.3, appearance).astype(float)


@needs_vulkan
def test_arm_and_cube_are_where_the_classic_renderer_draws_them() -> None:
    def middle(look: str) -> np.ndarray:
        red, green, blue = np.moveaxis(image(Reach3Scene.shared(look, "none", 64)), -1, 0)
        return np.argwhere((red > 90) & (green < 60) & (blue < 60)).mean(0)

    np.testing.assert_allclose(middle(LOOK), middle("source"), atol=0.6)
    difference = np.abs(
        image(Reach3Scene.shared(LOOK, "none", 64)) - image(Reach3Scene.shared("source", "none", 64))
    )
    assert difference.mean() > 10


PLAY = f"""
import hashlib, sys
import gymnasium as gym, numpy as np
import crossgap.simulation
env = gym.make("{REACH3}", look="{LOOK}", randomization="full", size={SIZE}, disable_env_checker=True)
env.reset(seed=9)  # another episode first must not matter
digest = hashlib.sha256(env.reset(seed=5)[0]["pixels"]["front"].tobytes())
for _ in range(3):
    digest.update(env.step(np.array([0.1, -0.1, 0.2]))[0]["pixels"]["front"].tobytes())
print(digest.hexdigest())
"""


@needs_vulkan
def test_same_seed_same_images_bit_by_bit_in_a_new_process(python) -> None:
    env = gym.make(REACH3, look=LOOK, randomization="full", size=SIZE, disable_env_checker=True)
    digest = hashlib.sha256(env.reset(seed=5)[0]["pixels"]["front"].tobytes())
    for _ in range(3):
        digest.update(env.step(np.array([0.1, -0.1, 0.2]))[0]["pixels"]["front"].tobytes())
    done = python(PLAY)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == digest.hexdigest()  # Filament may talk on standard output after it


TERMS = {term.function for name in ("full", "light_effects") for term in get_randomization(name)}


@needs_vulkan
@pytest.mark.parametrize("function", sorted(TERMS, key=lambda function: function.__name__))
def test_what_randomization_changes_is_drawn_as_in_a_new_scene(function) -> None:
    scene = Reach3Scene.shared(LOOK, "none", SIZE)
    before = image(scene)
    default = scene.new_appearance(np.random.default_rng(0))
    default["light_diffuse"][:] = 0.6, 0.5, 0.3
    fields = {name: array.copy() for name, array in default.items()}
    function(fields, scene.model, np.random.default_rng(4), 1.0)
    changed = image(scene, fields)
    assert np.abs(changed - image(scene, default)).max() > 3
    other = Reach3Scene(LOOK, size=SIZE)
    np.testing.assert_array_equal(image(other, fields), changed)
    other.close()
    np.testing.assert_array_equal(image(scene), before)


@needs_vulkan
def test_it_has_shadows(monkeypatch: pytest.MonkeyPatch) -> None:
    shadowed = image(Reach3Scene.shared(LOOK, "none", 64))
    monkeypatch.setitem(LOOKS, LOOK, replace(LOOKS[LOOK], lights=LOOKS["source"].lights))
    scene = Reach3Scene(LOOK, size=64)
    lighter = (image(scene) - shadowed).max(2)
    scene.close()
    assert lighter.min() >= 0
    assert (lighter > 25).sum() > 30


@needs_vulkan
def test_gymnasium_s_checker_passes_and_workers_draw_the_same() -> None:
    check_env(gym.make(REACH3, look=LOOK, size=SIZE, render_mode="rgb_array").unwrapped)
    env = gym.make(REACH3, look=LOOK, size=SIZE, disable_env_checker=True)
    with EnvironmentPool(REACH3, 2, workers=1, look=LOOK, size=SIZE) as pool:
        observation, _ = pool.reset([3, 4])
    for seed, drawn in zip((3, 4), observation["pixels"]["front"], strict=True):
        np.testing.assert_array_equal(env.reset(seed=seed)[0]["pixels"]["front"], drawn)


@needs_vulkan
def test_the_drawing_process_is_replaced_and_so_is_one_that_dies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filament_process, "IMAGES", 2)
    scene = Reach3Scene(LOOK, size=SIZE)
    renderer = scene._renderer
    assert isinstance(renderer, RenewedFilamentRenderer)
    drawn, processes = [], []
    for turn in range(5):
        drawn.append(image(scene, q=Q + 0.1 * (turn % 2)))
        assert renderer._process is not None
        processes.append(renderer._process)
    assert [process.pid for process in processes] == [processes[i].pid for i in (0, 0, 2, 2, 4)]
    assert len({process.pid for process in processes}) == 3
    assert processes[0].returncode is not None  # ended and waited for
    for one in (2, 4):
        np.testing.assert_array_equal(drawn[one], drawn[0])
    assert np.abs(drawn[1] - drawn[0]).max() > 20
    processes[4].kill()
    np.testing.assert_array_equal(image(scene), drawn[0])
    last = renderer._process
    scene.close()
    assert last is not None
    assert last.returncode is not None


@needs_vulkan
def test_an_interrupted_image_is_not_taken_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Reach3Scene(LOOK, size=SIZE)
    expected = image(scene)
    with monkeypatch.context() as patch:
        patch.setattr(Connection, "recv", lambda self: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            image(scene, q=Q + 0.3)
    np.testing.assert_array_equal(image(scene), expected)
    scene.close()


@needs_vulkan
def test_what_lies_in_the_working_directory_is_not_imported(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "random.py").write_text("raise RuntimeError('mine')")
    monkeypatch.chdir(tmp_path)
    scene = Reach3Scene(LOOK, size=SIZE)
    assert image(scene).std() > 10
    scene.close()


@needs_vulkan
def test_a_process_that_cannot_start_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Reach3Scene(LOOK, size=SIZE)
    monkeypatch.setattr(filament_process.sys, "executable", "/bin/false")
    with pytest.raises(CrossgapError, match="died, and the next one, too, perhaps for lack of memory"):
        image(scene)
