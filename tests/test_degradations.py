"""Weather and poor cameras: their formulas by hand, and the arm seen in them."""

from __future__ import annotations

import gymnasium
import mujoco
import numpy as np
import pytest

from crossgap.errors import CrossgapError
from crossgap.simulation.base.degradations import (
    CONDITIONS,
    haze,
    line,
    motion_blur,
    rain,
    seen_in,
    sensor_noise,
)
from crossgap.simulation.reach3 import REACH3
from crossgap.simulation.reach3 import kinematics as k
from crossgap.simulation.reach3.scene import Reach3Scene

CUBE, Q = np.array([0.42, 0.05, k.CUBE_HALF]), np.array([0.2, 0.4, 1.0])
FAR = np.full((32, 32), 1.5)
POOR = ("night", *CONDITIONS)


def drawn(look: str, seed: int = 0) -> np.ndarray:
    scene = Reach3Scene.shared(look, "none", 64)
    return scene.render(Q, CUBE, 0.3, scene.new_appearance(np.random.default_rng(seed)))


def test_haze_by_hand() -> None:
    image, depth = np.zeros((1, 2, 3)), np.array([[0.0, 2.0]])
    image[..., 0] = 1.0
    found = haze(image, depth, density=0.5, airlight=0.8)
    left = np.exp(-1.0)  # what is left of the light after 2 m at 0.5 per metre
    np.testing.assert_allclose(found[0, 0], [1.0, 0.0, 0.0])
    np.testing.assert_allclose(found[0, 1], [left + 0.8 * (1 - left), *[0.8 * (1 - left)] * 2])


def test_haze_hides_what_is_far_more_than_what_is_near() -> None:
    scene = Reach3Scene.shared("source", "none", 64)
    clear = scene.render(Q, CUBE, 0.3, scene.new_appearance(np.random.default_rng(0))) / 255
    _, depth = scene._renderer.render_with_depth(scene.data, "front")
    air = haze(clear, depth, 1.0, 0.75)
    change = np.abs(air - 0.75).mean(2) / np.abs(clear - 0.75).mean(2).clip(0.02)
    near, far = depth < np.quantile(depth, 0.2), depth > np.quantile(depth, 0.8)
    assert change[far].mean() < 0.8 * change[near].mean()
    np.testing.assert_allclose(change[far].mean(), np.exp(-depth[far].mean()), rtol=0.2)


def test_a_line_is_as_long_and_as_steep_as_it_is_asked_for() -> None:
    level, upright = line(5, 0.0), line(5, np.pi / 2)
    np.testing.assert_array_equal(level > 0, np.eye(5, dtype=bool)[[2]].repeat(5, 0).T)
    np.testing.assert_allclose(upright, level.T)
    rising = np.pad(np.eye(3)[::-1], 1)  # to the right and up: √8 pixels reach one pixel each way
    np.testing.assert_array_equal(line(5, np.pi / 4) > 0, rising > 0)
    for angle in (0.0, 0.3, 2.0):
        assert line(9, angle).sum() == pytest.approx(1)


def test_motion_blur_spreads_a_point_along_its_direction_and_keeps_its_light() -> None:
    image = np.zeros((21, 21, 3))
    image[10, 10] = 1.0
    blurred = motion_blur(image, 7, np.pi / 2)
    assert blurred.sum() == pytest.approx(3)
    assert (blurred[:, :10].max(), blurred[:, 11:].max()) == (0, 0)
    assert np.flatnonzero(blurred[:, 10, 0]).tolist() == list(range(7, 14))


def test_streaks_of_rain_lie_in_their_direction() -> None:
    """The light of a streak changes slowly along it, and at once across it."""
    black, rng = np.zeros((64, 64, 3)), np.random.default_rng(0)
    steep = rain(black, np.zeros((64, 64)), 40, 11, np.pi / 2, 0.3, rng)[..., 0]
    assert np.abs(np.diff(steep, axis=0)).mean() < 0.3 * np.abs(np.diff(steep, axis=1)).mean()
    slanted = rain(black, np.zeros((64, 64)), 40, 11, np.deg2rad(60), 0.3, rng)[..., 0]
    along, across = (
        slanted[:-2, 1:] - slanted[2:, :-1],
        slanted[2:, 1:] - slanted[:-2, :-1],
    )  # 63° up, and down
    assert np.abs(along).mean() < 0.6 * np.abs(across).mean()


def test_a_drop_covers_what_is_behind_it() -> None:
    found = rain(np.full((64, 64, 3), 0.1), np.zeros((64, 64)), 60, 9, 1.5, 0.0, np.random.default_rng(1))
    assert found.min() == pytest.approx(0.1)
    assert 0.5 < found.max() <= 0.95
    assert 0.02 < (found[..., 0] > 0.2).mean() < 0.25
    white = rain(np.ones((64, 64, 3)), np.zeros((64, 64)), 60, 9, 1.5, 0.0, np.random.default_rng(1))
    assert white.max() <= 1  # a drop does not add its light to it


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_noise_has_the_variance_of_photons_and_of_the_amplifier(level: float) -> None:
    found = sensor_noise(np.full((200, 200, 3), level), 20.0, 0.05, np.random.default_rng(0))
    assert found.mean() == pytest.approx(level, abs=0.003)
    assert found.var() == pytest.approx(level / 20 + 0.05**2, rel=0.03)
    channels = found.reshape(-1, 3)
    np.testing.assert_allclose(np.corrcoef(channels.T), np.eye(3), atol=0.02)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_picture_is_decided_by_both_seeds(condition: str) -> None:
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype(np.uint8)
    one, again, later = (seen_in(condition, image, FAR, np.array(s)) for s in ((1, 2), (1, 2), (1, 3)))
    other = seen_in(condition, image, FAR, np.array((4, 2)))
    assert one.dtype == np.uint8
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()
    assert (one != later).any() == (condition != "haze")  # it hangs still


def test_an_unknown_condition() -> None:
    with pytest.raises(CrossgapError, match="Condition 'hail' not found"):
        seen_in("hail", np.zeros((8, 8, 3), np.uint8), np.ones((8, 8)), np.array([0, 0]))


def test_night_is_dark_and_shows_the_same() -> None:
    day, nights = drawn("source").astype(float), [drawn("night", seed).astype(float) for seed in range(8)]
    means = [night.mean() for night in nights]
    assert max(means) < 0.5 * day.mean()
    assert np.std(means) > 3  # the lamp is elsewhere each night
    night = nights[int(np.argmax(means))]  # the brightest
    red = (day[..., 0] - day[..., 1:].max(2)) > 75  # the cube
    assert (night[..., 0] - night[..., 1:].max(2))[red].mean() > 10


@pytest.mark.parametrize("look", POOR)
def test_the_arm_in_a_condition_by_its_seed(look: str) -> None:
    env = gymnasium.make(f"crossgap.simulation:{REACH3}", look=look, size=32, disable_env_checker=True)
    still = np.zeros(3, np.float32)

    def episode(seed: int) -> list[np.ndarray]:
        seen = [env.reset(seed=seed)[0]] + [env.step(still)[0] for _ in range(2)]
        np.testing.assert_array_equal(env.render(), seen[-1]["pixels"]["front"])  # a frame is one picture
        return [observation["pixels"]["front"] for observation in seen]

    first, again, other = episode(1), episode(1), episode(2)
    np.testing.assert_array_equal(first, again)
    assert (first[0] != other[0]).any()
    changes = look in ("rain", "motion_blur", "sensor_noise")  # from frame to frame, though the arm rests
    assert (first[0] != first[1]).any() == changes
    env.close()


def test_how_severe_it_is_stays_for_an_episode() -> None:
    scene, rng = Reach3Scene.shared("sensor_noise", "none", 64), np.random.default_rng(0)
    clear = drawn("source").astype(float)

    def noise(fields) -> float:
        return np.abs(scene.render(Q, CUBE, 0.3, fields) - clear).mean()

    between, within = [], []
    for _ in range(6):
        fields = scene.new_appearance(rng)
        frames = [noise(fields)]
        for _ in range(3):
            fields = scene.next_appearance(fields, rng)
            frames.append(noise(fields))
        between.append(np.mean(frames))
        within.append(np.std(frames))
    assert np.std(between) > 5 * np.mean(within)


def test_a_label_map_is_mujocos_own_segmentation() -> None:
    """A colour for each kind of part, and every part in its colour."""
    scene, colours = Reach3Scene.shared("label_map", "none", 64), dict[str, set]()
    drawing = scene._renderer._scene
    for seed in range(4):
        rng = np.random.default_rng(seed)
        q, cube, turn = k.sample_start(rng)
        labels = scene.render(q, cube, turn, scene.new_appearance(rng))
        flags = [int(mujoco.mjtRndFlag.mjRND_SEGMENT), int(mujoco.mjtRndFlag.mjRND_IDCOLOR)]
        drawing.flags[flags] = 1
        index = scene._renderer.render(scene.data).astype(int) @ [1, 256, 65536] - 1
        drawing.flags[flags] = 0
        for number in np.unique(index):
            name = scene.model.geom(drawing.geoms[number].objid).name
            found = {tuple(colour) for colour in labels[index == number]}
            colours.setdefault(name.removesuffix("_back").removesuffix("_side"), set()).update(found)
    assert {len(found) for found in colours.values()} == {1}
    joints = colours.pop("joint_shoulder")
    assert colours.pop("joint_elbow") == joints
    assert len(set.union(joints, *colours.values())) == len(colours) + 1 == 8
