"""The guard: what is unlike the training is said, what is usual is not, and the robot holds still."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
import torch

from crossgap.data import LabelScale
from crossgap.deploy.adapted import AdaptedModel
from crossgap.deploy.guard import FILE, Guard, Usual, cells, edges, folds, light
from crossgap.deploy.onnx.parity import scenes
from crossgap.deploy.policy import Goggles
from crossgap.errors import CrossgapError
from crossgap.networks import Generator, TaskModel
from crossgap.simulation.wrappers import HoldStill

SIZE = (48, 64)
ROOM, OTHER = (scenes(1, 60, 80, seed)[0] for seed in (1, 2))


def seen(count: int, seed: int, room: np.ndarray = ROOM, shift: int = 0) -> np.ndarray:
    """A camera's images of a room in which a thing moves, under a lamp that flickers a little."""
    rng, images = np.random.default_rng(seed), []
    for _ in range(count):
        image = room[6 + shift : 54 + shift, 8 + shift : 72 + shift].astype(float)
        top, left = rng.integers(0, (36, 48))
        image[top : top + 12, left : left + 16] = [200, 40, 30]
        images.append(image * rng.uniform(0.93, 1.07) + rng.normal(0, 2, image.shape))
    return np.clip(images, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def guard() -> Guard:
    return Guard.fit(seen(300, 0), seen(200, 1), false_alarms=0.01)


def test_usual_images_are_familiar(guard) -> None:
    assert guard.look(seen(400, 2)).familiar.mean() > 0.96
    assert abs(np.median(guard.look(seen(400, 2)).score)) < 0.5


def covered(images: np.ndarray) -> np.ndarray:
    images = images.copy()
    images[:, 10:40, 12:44] = 5
    return images


def blurred(images: np.ndarray) -> np.ndarray:
    padded = np.pad(images.astype(float), ((0, 0), (3, 3), (3, 3), (0, 0)), "edge")
    shifted = [padded[:, y : y + 48, x : x + 64] for y in range(7) for x in range(7)]
    return np.mean(shifted, 0).astype(np.uint8)


FAULTS = {
    "the camera has moved": seen(50, 3, shift=3),
    "the light is off": (seen(50, 4) * 0.3).astype(np.uint8),
    "the lens is covered": covered(seen(50, 5)),
    "another room": seen(50, 6, OTHER),
    "out of focus": blurred(seen(50, 7)),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_is_caught(guard, fault) -> None:
    assert guard.look(FAULTS[fault]).familiar.mean() < 0.1


def test_the_threshold_is_that_of_the_held_out_images() -> None:
    held_out = seen(199, 1)
    scores = Guard.fit(seen(100, 0), held_out, 0.05).look(held_out).score
    assert (scores > 1).sum() == 9, "5 % of 199 + 1 are 10, of which one is the threshold's own rank"
    assert np.sort(scores)[189] == pytest.approx(1, abs=1e-4)
    few = Guard.fit(seen(100, 0), held_out[:20], 0.001)
    assert few.false_alarms == pytest.approx(1 / 21), "20 images tell no smaller share"
    assert few.look(held_out[:20]).score.max() == pytest.approx(1, abs=1e-4)


def test_cells_and_views_by_hand() -> None:
    image = np.arange(16.0).reshape(1, 4, 4, 1)
    np.testing.assert_allclose(cells(image, 2)[0, ..., 0], [[2.5, 4.5], [10.5, 12.5]])
    np.testing.assert_array_equal(cells(image, 9), image)
    grey = np.full((1, 8, 8, 3), 92, np.uint8)
    np.testing.assert_allclose(light(grey, 4), np.log(100), rtol=1e-6)
    assert light(grey, 2).shape == (1, 12)
    assert not edges(grey).any()
    upright = np.zeros((1, 8, 8, 3), np.uint8)
    upright[:, :, 4:] = 255
    of_each = edges(upright).reshape(8, 8, 4).sum((0, 1))
    assert of_each[0] > 0, "an upright edge changes across"
    assert not of_each[2].any()
    dimmed = edges(((upright.astype(float) + 8) / 2 - 8).clip(0))
    assert dimmed.sum() > 0


def test_a_distance_by_hand() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal([1.0, -2.0], [2.0, 0.5], (20_000, 2))
    usual = Usual.fit(features, np.inf)
    found = usual.distance(np.array([[5.0, -2.0], [1.0, -1.0], [5.0, -1.0]]), np.inf)
    np.testing.assert_allclose(found, [2, 2, np.sqrt(8)], rtol=0.03)  # in standard deviations


def test_a_guard_of_one_set_judges_each_episode_by_the_others() -> None:
    """One odd episode among ten: judged by a fit to itself it would be usual, and the threshold low."""
    images, episodes = seen(60, 0), np.arange(60) // 6
    usual = Guard.of(images, episodes)
    assert usual is not None
    assert (usual.images, usual.held_out) == (60, 60)
    odd = images.copy()
    odd[30:36] = seen(6, 1, OTHER)
    with_odd = Guard.of(odd, episodes, false_alarms=0.02)
    assert with_odd is not None
    assert with_odd.look(FAULTS["the camera has moved"]).familiar.all(), "as unlike as an episode that was"
    one = Guard.of(images, np.zeros(60, int))
    assert one is not None
    assert one.held_out == 60
    assert Guard.of(images[:19], episodes[:19]) is None
    with pytest.raises(CrossgapError, match="needs 20 target images"):
        Guard.fit(images[:10], images[10:12])
    with pytest.raises(CrossgapError, match="above 0 and below 1"):
        Guard.fit(images[:30], images[30:], 0)


@pytest.mark.parametrize("most", [99, 98, 60])
def test_an_episode_that_is_nearly_all_does_not_make_everything_familiar(most: int) -> None:
    """What judges the long one was fitted to the few images of the others, and found it infinitely far."""
    images, episodes = seen(100, 0), np.repeat([0, 1], [most, 100 - most])
    usual = Guard.of(images, episodes)
    assert usual is not None
    assert usual.look(seen(50, 2)).familiar.mean() > 0.8
    assert not usual.look(np.zeros_like(images)).familiar.any()
    assert usual.look(seen(50, 3, OTHER)).familiar.mean() < 0.02


def test_folds_by_hand() -> None:
    assert folds(np.repeat(np.arange(7), 3)).tolist() == np.repeat([0, 1, 2, 3, 4, 0, 1], 3).tolist()
    assert np.bincount(folds(np.repeat([5, 6, 7], [4, 4, 2]))).tolist() == [4, 4, 2]
    long, short = folds(np.repeat([3, 9], [10, 2]))[:10], folds(np.repeat([3, 9], [10, 2]))[10:]
    assert long.tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 0, 0], "five parts, one after the other in time"
    assert short.tolist() == [0, 0]


def test_a_guard_is_fitted_to_many() -> None:
    with pytest.raises(CrossgapError, match="at least 10 that it is fitted to"):
        Guard.fit(seen(3, 0), seen(40, 1))


@pytest.fixture
def model(guard) -> AdaptedModel:
    torch.manual_seed(0)
    task_model = TaskModel(1, list(SIZE), 4, 8)
    adapted = AdaptedModel(task_model, LabelScale((0.0,), (1.0,)), ("x",), SIZE)
    adapted.guard = guard
    return adapted


def test_predictions_come_with_familiarity(model, tmp_path) -> None:
    images = np.concatenate([seen(3, 8), FAULTS["another room"][:2]])
    labels, familiarity = model.predict(images, return_familiarity=True)
    np.testing.assert_array_equal(labels, model.predict(images))
    assert familiarity.familiar.tolist() == [True] * 3 + [False] * 2
    model.save(tmp_path / "model")
    again = AdaptedModel.load(tmp_path / "model")
    np.testing.assert_array_equal(again.familiarity(images).score, familiarity.score)
    again.guard = None
    with pytest.raises(CrossgapError, match="has no guard"):
        again.predict(images, return_familiarity=True)


@pytest.mark.parametrize("spoil", ["byte", "absent", "size"])
def test_a_damaged_guard_is_noticed(model, tmp_path, spoil) -> None:
    model.save(tmp_path / "model")
    file, about = tmp_path / "model" / FILE, tmp_path / "model" / "adapted.json"
    if spoil == "byte":
        content = bytearray(file.read_bytes())
        content[-9] ^= 1
        file.write_bytes(content)
    elif spoil == "absent":
        file.unlink()
    else:
        about.write_text(about.read_text().replace('"held_out": 200', '"held_out": "all"'))
    with pytest.raises(CrossgapError, match=r"guard"):
        AdaptedModel.load(tmp_path / "model")


class Room(gym.Env):
    """A camera that somebody pushes at step 2."""

    action_space = gym.spaces.Box(-1, 1, (2,), np.float32)
    observation_space = gym.spaces.Dict(
        {"pixels": gym.spaces.Dict({"front": gym.spaces.Box(0, 255, (*SIZE, 3), np.uint8)})}
    )

    def __init__(self) -> None:
        self.step_number, self.taken = 0, []

    def _see(self) -> dict:
        pushed = self.step_number in (2, 3)
        return {"pixels": {"front": seen(1, self.step_number, shift=3 if pushed else 0)[0]}}

    def reset(self, *, seed=None, options=None):
        del seed, options
        self.step_number, self.taken = 0, []
        return self._see(), {}

    def step(self, action):
        self.step_number += 1
        self.taken.append(np.asarray(action).tolist())
        return self._see(), 0.0, False, False, {"mine": 1}


def test_the_robot_holds_still_while_it_sees_what_is_unlike(guard) -> None:
    room = Room()
    env = HoldStill(room, lambda images: guard.look(images).familiar)
    _, info = env.reset(seed=0)
    assert info["held_still"] is False
    held = [env.step(np.ones(2, np.float32))[4] for _ in range(6)]
    assert [one["held_still"] for one in held] == [False, False, True, True, False, False]
    assert room.taken == [[1, 1]] * 2 + [[0, 0]] * 2 + [[1, 1]] * 2
    assert held[0]["mine"] == 1


def test_a_wrapper_says_what_it_needs(guard) -> None:
    with pytest.raises(CrossgapError, match="Available: front"):
        HoldStill(Room(), lambda images: guard.look(images).familiar, cameras=("back",))
    discrete = Room()
    discrete.action_space = gym.spaces.Discrete(3)
    with pytest.raises(CrossgapError, match="moves nothing"):
        HoldStill(discrete, lambda images: guard.look(images).familiar)
    with pytest.raises(CrossgapError, match="`pixels`"):
        HoldStill(gym.make("CartPole-v1"), lambda images: guard.look(images).familiar)
    with pytest.raises(CrossgapError, match="64×48 pixels; got 32×32"):
        guard.look(np.zeros((1, 32, 32, 3), np.uint8))


class Ones:
    """A policy that always moves."""

    def act(self, frames: np.ndarray, goals: np.ndarray) -> np.ndarray:
        return np.ones((len(frames), 3), np.float32)


def test_goggles_hold_still_where_one_camera_sees_what_is_unlike(guard) -> None:
    torch.manual_seed(0)
    usual, wrong = seen(4, 9), seen(4, 9)
    wrong[1] = FAULTS["another room"][0]
    goggles = Goggles(Ones(), Generator(4, 1), guard=guard)
    actions = goggles.act(np.concatenate([usual, wrong], 3), np.zeros((4, 3)))
    np.testing.assert_array_equal(actions, [[1] * 3, [0] * 3, [1] * 3, [1] * 3])
    assert Goggles(Ones(), Generator(4, 1)).act(wrong, np.zeros((4, 3))).all()
