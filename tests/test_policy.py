"""Policies: saving, loading, goggles; and the extractors they are made of."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from crossgap.base.files import read_json, write_json
from crossgap.deploy.policy import Goggles, ReachPolicy, load_goggles, save_goggles
from crossgap.errors import CrossgapError
from crossgap.networks import Generator
from crossgap.networks.actor_critic import Actor, AlexNetExtractor, PositionExtractor
from crossgap.simulation.wrappers import TranslateObservation
from crossgap.simulation.xarm7.reach import XArm7ReachEnv

SIZE = 64


def policy(extractor: str = "convolutions", channels: int = 3) -> ReachPolicy:
    torch.manual_seed(0)
    networks = {
        "convolutions": PositionExtractor, "alexnet": AlexNetExtractor,
        "normed_convolutions": partial(PositionExtractor, normed=True),
    }  # fmt: skip
    about = {"extractor": extractor, "channels": channels, "size": SIZE, "cameras": ["side"], "depth": False}
    return ReachPolicy(networks[extractor](channels, SIZE), Actor(), about)


def frames(n: int = 3, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, SIZE, SIZE, channels), np.uint8)


@pytest.mark.parametrize("extractor", ["convolutions", "normed_convolutions", "alexnet"])
def test_a_policy_comes_back_as_it_was_saved(tmp_path: Path, extractor: str) -> None:
    saved = policy(extractor, 4)
    saved.save(tmp_path / "policy")
    loaded = ReachPolicy.load(tmp_path / "policy")
    goals = np.zeros((3, 3), np.float32)
    acted = saved.act(frames(channels=4), goals)
    assert acted.shape == (3, 3)
    assert (np.abs(acted) <= 1).all()
    np.testing.assert_array_equal(loaded.act(frames(channels=4), goals), acted)
    assert loaded.about == saved.about


def test_a_normed_extractor_does_not_see_a_camera_s_contrast() -> None:
    images, goals = frames(), np.zeros((3, 3), np.float32)
    dull = (images // 2 + 32).astype(np.uint8)
    moved = {
        name: np.abs(policy(name).act(images, goals) - policy(name).act(dull, goals)).max()
        for name in ("convolutions", "normed_convolutions")
    }
    assert moved["normed_convolutions"] < 0.2 * moved["convolutions"]


def test_a_policy_says_what_it_sees() -> None:
    with pytest.raises(CrossgapError, match=r"images \(n, 64, 64, 3\) uint8; got \(3, 64, 64, 4\)"):
        policy().act(frames(channels=4), np.zeros((3, 3)))


def test_a_single_frame_has_an_action_of_its_own() -> None:
    goal = np.array([0.1, -0.2, 0.3], np.float32)
    acted = policy().act(frames()[0], goal)
    assert acted.shape == (1, 3)
    np.testing.assert_allclose(acted, policy().act(frames(), np.stack([goal] * 3))[:1], atol=1e-6)


def test_mirrored_and_read_only_frames_are_frames() -> None:
    goals, mirrored = np.zeros((3, 3), np.float32), frames()[:, :, ::-1]
    mirrored.setflags(write=False)
    np.testing.assert_array_equal(policy().act(mirrored, goals), policy().act(mirrored.copy(), goals))


@pytest.mark.parametrize(
    ("goals", "found"),
    [
        (np.zeros((2, 3)), r"\(2, 3\)"),
        (np.zeros(3), r"\(3,\)"),
        (np.full((3, 3), np.nan), r"\(3, 3\) with others"),
    ],
)
def test_a_goal_for_every_frame(goals: np.ndarray, found: str) -> None:
    with pytest.raises(CrossgapError, match=rf"Expected goals \(3, 3\) of finite numbers.*; got {found}\."):
        policy().act(frames(), goals)


def test_a_folder_that_is_none_or_is_damaged(tmp_path: Path) -> None:
    with pytest.raises(CrossgapError, match="policy"):
        ReachPolicy.load(tmp_path)
    policy().save(tmp_path / "policy")
    (tmp_path / "policy" / "policy.safetensors").write_bytes(b"short")
    with pytest.raises(CrossgapError, match="damaged or cut short"):
        ReachPolicy.load(tmp_path / "policy")
    (tmp_path / "policy" / "policy.json").write_text('{"extractor": "transformer"}')
    with pytest.raises(CrossgapError, match=r"policy\.json is damaged: 'channels' is absent, expected"):
        ReachPolicy.load(tmp_path / "policy")


def test_a_policy_with_flipped_bytes_or_absurd_sizes(tmp_path: Path) -> None:
    policy().save(tmp_path / "policy")
    weights, about = tmp_path / "policy" / "policy.safetensors", tmp_path / "policy" / "policy.json"
    content = bytearray(weights.read_bytes())
    content[-5] ^= 0x40
    weights.write_bytes(content)
    with pytest.raises(CrossgapError, match=r"policy\.safetensors is damaged or another file: expected"):
        ReachPolicy.load(tmp_path / "policy")
    described = read_json(about)
    del described["sha256"]  # as policies were written before there were digests
    write_json(about, described)
    ReachPolicy.load(tmp_path / "policy")
    for change, problem in (
        ({"size": 2000}, r"does not fit this network: extractor\.head\.0\.weight is of shape"),
        ({"size": 10}, r"policy\.json describes a network that cannot be \(.*delete"),
        ({"channels": 10**9}, "'channels' is 1000000000, expected a whole number from 1 to 999"),
        (
            {"extractor": "transformer"},
            r"extractor 'transformer' not found\. Available: alexnet, conv",
        ),
        ({"cameras": "side"}, "'cameras' is \"side\", expected a list"),
    ):
        write_json(about, described | change)
        with pytest.raises(CrossgapError, match=problem):
            ReachPolicy.load(tmp_path / "policy")


def test_goggles_with_flipped_bytes_or_absurd_sizes(tmp_path: Path) -> None:
    torch.manual_seed(0)
    save_goggles(Generator(4, 1), tmp_path / "goggles")
    load_goggles(tmp_path / "goggles")
    sizes = {"task_width": 16, "task_hidden": 256, "task_norm": "none", "discriminator_width": 4}
    about = tmp_path / "goggles" / "goggles.json"
    write_json(about, read_json(about) | sizes)  # as they were described before
    load_goggles(tmp_path / "goggles")
    weights = tmp_path / "goggles" / "translator.safetensors"
    write_json(about, read_json(about) | {"generator_blocks": 10**9})
    with pytest.raises(CrossgapError, match=r"'generator_blocks' is 1000000000, expected .* Delete"):
        load_goggles(tmp_path / "goggles")
    write_json(about, read_json(about) | {"generator_blocks": 1})
    content = bytearray(weights.read_bytes())
    content[-5] ^= 0x40
    weights.write_bytes(content)
    with pytest.raises(CrossgapError, match=r"translator\.safetensors is damaged or another file"):
        load_goggles(tmp_path / "goggles")


def test_goggles_and_the_wrapper_show_a_policy_the_same() -> None:
    torch.manual_seed(0)
    goggles = Goggles(policy(), Generator(4, 1))
    env = XArm7ReachEnv("target_b", size=SIZE)
    wrapped = TranslateObservation(env, goggles.translate)
    plain, _ = env.reset(seed=5)
    seen, _ = wrapped.reset(seed=5)
    assert not np.array_equal(seen["pixels"]["side"], plain["pixels"]["side"])
    np.testing.assert_array_equal(seen["state"], plain["state"])
    goal = np.zeros((1, 3), np.float32)
    np.testing.assert_allclose(
        goggles.policy.act(seen["pixels"]["side"][None], goal),
        goggles.act(plain["pixels"]["side"][None], goal),
        atol=1e-6,
    )
    assert wrapped.observation_space.contains(seen)


def test_one_translator_serves_every_camera() -> None:
    torch.manual_seed(0)
    goggles = Goggles(policy(channels=6), Generator(4, 1))
    images = frames(channels=6)
    both = goggles.translate(images)
    for part in (slice(0, 3), slice(3, 6)):
        np.testing.assert_allclose(
            both[..., part].astype(int), goggles.translate(images[..., part]).astype(int), atol=1
        )
    assert goggles.act(images, np.zeros((3, 3))).shape == (3, 3)


def test_the_wrapper_translates_the_cameras_it_is_told_to() -> None:
    env = XArm7ReachEnv("source", size=SIZE, cameras=("front", "side"))
    plain, _ = env.reset(seed=0)
    seen, _ = TranslateObservation(env, lambda images: 255 - images, ("front",)).reset(seed=0)
    np.testing.assert_array_equal(seen["pixels"]["front"], 255 - plain["pixels"]["front"])
    np.testing.assert_array_equal(seen["pixels"]["side"], plain["pixels"]["side"])
    with pytest.raises(CrossgapError, match="needs observations with `pixels`"):
        TranslateObservation(gym.make("CartPole-v1"), lambda images: images)
    with pytest.raises(CrossgapError, match=r"Camera 'above' not found\. Available: front, side"):
        TranslateObservation(env, lambda images: images, ("above",))


class TwoCameras(gym.Env):
    """A wide camera and a small one that see one grey."""

    def __init__(self) -> None:
        boxes = {name: gym.spaces.Box(0, 255, shape, np.uint8) for name, shape in
                 (("wide", (12, 16, 3)), ("wrist", (8, 8, 3)))}  # fmt: skip
        self.observation_space = gym.spaces.Dict(
            {"pixels": gym.spaces.Dict(boxes), "agent_pos": gym.spaces.Box(-1, 1, (2,), np.float32)}
        )
        self.action_space = gym.spaces.Box(-1, 1, (1,), np.float32)

    def reset(self, *, seed: int | None = None, options: dict | None = None):
        super().reset(seed=seed, options=options)
        pixels = {
            name: np.full(box.shape, 7, np.uint8) for name, box in self.observation_space["pixels"].items()
        }
        return {"pixels": pixels, "agent_pos": np.zeros(2, np.float32)}, {}


@pytest.mark.parametrize("cameras", [None, ("wide",)])
def test_the_space_of_what_is_translated_has_its_size(cameras: tuple[str, ...] | None) -> None:
    def smaller(images: np.ndarray) -> np.ndarray:
        return np.full((len(images), 4, 4, 3), 9, np.uint8)

    def make() -> gym.Env:
        return TranslateObservation(TwoCameras(), smaller, cameras)

    env = make()
    seen, _ = env.reset()
    assert env.observation_space.contains(seen)
    assert env.observation_space["pixels"]["wide"].shape == (4, 4, 3)
    assert env.observation_space["pixels"]["wrist"].shape == ((4, 4, 3) if cameras is None else (8, 8, 3))
    assert env.unwrapped.observation_space["pixels"]["wide"].shape == (12, 16, 3), "the camera stays"
    several = gym.vector.SyncVectorEnv([make] * 2)
    found, _ = several.reset()
    assert found["pixels"]["wide"].tolist() == np.full((2, 4, 4, 3), 9).tolist()
    assert found["pixels"]["wrist"].max() == (9 if cameras is None else 7)


def test_alexnet_takes_the_convolutions_of_a_pretrained_one(tmp_path: Path) -> None:
    torch.manual_seed(0)
    source, extractor = AlexNetExtractor(), AlexNetExtractor()
    weights = {f"features.{k}": v for k, v in source.features.state_dict().items()}
    save_file(weights | {"classifier.1.weight": torch.zeros(2, 2)}, tmp_path / "alexnet.safetensors")
    before = [p.clone() for p in extractor.head.parameters()]
    extractor.load_features(tmp_path / "alexnet.safetensors")
    images = torch.rand(2, 3, 84, 84)
    assert torch.equal(source.features(images), extractor.features(images))
    assert all(torch.equal(a, b) for a, b in zip(before, extractor.head.parameters(), strict=True))
    save_file({k: v for k, v in weights.items() if "3." not in k}, tmp_path / "less.safetensors")
    with pytest.raises(CrossgapError, match=r"expected features\.3\.weight of shape .* got nothing"):
        extractor.load_features(tmp_path / "less.safetensors")
    with pytest.raises(CrossgapError, match=r"features\.0\.weight of shape \(64, 4, 11, 11\); got \(64, 3"):
        AlexNetExtractor(channels=4).load_features(tmp_path / "alexnet.safetensors")
    (tmp_path / "bad.safetensors").write_bytes(b"no")
    with pytest.raises(CrossgapError, match="not a readable safetensors file"):
        extractor.load_features(tmp_path / "bad.safetensors")
