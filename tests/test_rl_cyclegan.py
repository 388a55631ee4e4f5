"""RL-CycleGAN: its losses and gradients by hand, who sees what, exact resume, and a gap that it closes."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from crossgap.core.trainer import Phase, Trainer
from crossgap.data.batches import image_tensor
from crossgap.errors import CrossgapError
from crossgap.losses import scene_loss, square_cycle_loss
from crossgap.methods.qt_opt.config import QTOptConfig
from crossgap.methods.qt_opt.learner import QTOpt
from crossgap.methods.rl_cyclegan import RLCycleGANConfig
from crossgap.methods.rl_cyclegan.phase import QValues, RLCycleGAN, RLCycleGANAsWritten
from crossgap.networks import PatchDiscriminator, SkipGenerator
from crossgap.networks.q_functions import ImageQ
from crossgap.networks.registry import build, described
from crossgap.rl.collection import View, play, play_goals
from crossgap.rl.cross_entropy import ActionForm, Search
from crossgap.rl.experience import Experience
from crossgap.rl.replay import Episode
from crossgap.rl.rewarded import RewardedReplay
from interruption import interrupted_at
from toy_bins import VIEW, Script, half_aimed, toy_learner, toy_world

# losses


def test_the_cycle_is_a_mean_square_by_hand() -> None:
    back, image = torch.tensor([[0.5, -1.0], [0.0, 1.0]]), torch.tensor([[0.0, 1.0], [0.0, 0.5]])
    assert square_cycle_loss(back, image).item() == pytest.approx((0.25 + 4 + 0 + 0.25) / 4)


def test_three_values_of_a_scene_by_hand() -> None:
    q, translated, back = torch.tensor([[0.1, 0.9], [0.4, 0.9], [0.6, 0.2]])
    # 0.3² and 0; 0.5² and 0.7²; 0.2² and 0.7²: means over two scenes
    assert scene_loss(q, translated, back).item() == pytest.approx((0.09 + 0.25 + 0.49 + 0.04 + 0.49) / 2)


# all of a step by hand, with networks of one weight each


class Brighter(nn.Module):
    """A generator that adds a number."""

    def __init__(self, by: float):
        super().__init__()
        self.by = nn.Parameter(torch.tensor(by))

    def forward(self, images: Tensor) -> Tensor:
        return images + self.by


class Scaled(nn.Module):
    """A discriminator: an image's mean times a number."""

    def __init__(self, scale: float):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(scale))

    def forward(self, images: Tensor) -> Tensor:
        return self.scale * images.mean((1, 2, 3))

    def apart(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        return self(real), self(fake)


class Linear(ImageQ):
    """An image's mean times a number, and numbers and action as they are."""

    def __init__(self, scale: float):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(scale))

    def see(self, images: Tensor) -> Tensor:
        return self.scale * images.mean((1, 2, 3))

    def judge(self, seen: Tensor, numbers: Tensor, actions: Tensor) -> Tensor:
        return seen[:, None] + numbers + actions[..., 0]


G, F, D_X, D_Y, Q_SIM, Q_REAL = 0.3, -0.2, 0.8, -0.5, 0.9, -1.4
GAMMA = 0.8
WEIGHTS = {"adversarial_weight": 0.7, "cycle_weight": 5.0, "scene_weight": 11.0, "rl_weight": 1.3}


def linear_experience(seed: int) -> Experience:
    """Two steps with images of one colour, none like another; the second may succeed."""
    rng, replay = np.random.default_rng(seed), RewardedReplay(100, GAMMA)
    for reward in (0.0, 0.4, 0.7, 1.0):
        frames = np.ones((3, 4, 4, 3), np.uint8) * rng.integers(256, size=(3, 1, 1, 1), dtype=np.uint8)
        numbers, actions = rng.uniform(-1, 1, (3, 1)), rng.uniform(-1, 1, (2, 1))
        parts = numbers.astype(np.float32), np.zeros((3, 0), np.float32), actions.astype(np.float32)
        replay.add(Episode(frames, *parts, np.zeros(0, np.float32), np.array([-0.05, reward], np.float32)))
    return Experience(replay, 5, seed)


def linear(kind: type[RLCycleGAN] = RLCycleGAN, **settings: Any) -> RLCycleGAN:
    about = QTOptConfig(
        discount=GAMMA, polyak=0.75, monte_carlo_updates=0, monte_carlo_share=0.0,
        target_search=Search(64, 6, 6),
    )  # fmt: skip
    learners = [QTOpt(Linear(scale), ActionForm(1), about) for scale in (Q_SIM, Q_REAL)]
    config = RLCycleGANConfig(**{"steps": 10, "pool": 0} | WEIGHTS | settings)
    judges, experience = (Scaled(D_X), Scaled(D_Y)), (linear_experience(1), linear_experience(2))
    return kind("rl_cyclegan", Brighter(G), Brighter(F), judges, *learners, *experience, config)


def test_the_cycle_can_be_an_absolute_difference(fabric) -> None:
    phase = linear(cycle_distance="absolute")
    phase.setup(fabric)
    losses = phase.training_step(0)
    assert [losses[name].item() for name in ("cycle_x", "cycle_y")] == pytest.approx([abs(G + F)] * 2)


def sigmoid(logit: Any) -> np.ndarray:
    return 1 / (1 + np.exp(-np.asarray(logit, float)))


def by_hand(
    phase: RLCycleGAN, weights: dict[str, float] | None = None, g: float = G, f: float = F,
    q_sim: float = Q_SIM, q_real: float = Q_REAL,
) -> tuple[dict[str, float], float]:  # fmt: skip
    """The losses of the first step, and L, of other weights than `WEIGHTS` where they are given."""
    weight = WEIGHTS | (weights or {})
    x, y = phase.source(0), phase.target(0)
    of_x, of_y = ((one.frames.mean((1, 2, 3)) / 127.5 - 1) for one in (x, y))

    def wanted(batch: Any, target: float) -> np.ndarray:
        """The targets have the first weights; the best action is 1."""
        value = sigmoid(
            target * (batch.next_frames.mean((1, 2, 3)) / 127.5 - 1) + batch.next_states[:, 0] + 1
        )
        return np.clip(batch.rewards + np.where(batch.ended, 0, GAMMA * value), 0, 1)

    def logit(scale: float, images: np.ndarray, batch: Any) -> np.ndarray:
        return scale * images + batch.states[:, 0] + batch.actions[:, 0]

    def nats(logits: list[np.ndarray], targets: list[np.ndarray]) -> float:
        q, t = sigmoid(np.concatenate(logits)), np.concatenate(targets)
        return float(np.mean(-t * np.log(q) - (1 - t) * np.log(1 - q)))

    def apart(*logits: np.ndarray) -> float:
        a, b, c = map(sigmoid, logits)
        return float(np.mean((a - b) ** 2) + np.mean((a - c) ** 2) + np.mean((b - c) ** 2))

    w_x, w_y = wanted(x, Q_SIM), wanted(y, Q_REAL)
    x_0, x_1, x_2 = logit(q_sim, of_x, x), logit(q_real, of_x + g, x), logit(q_sim, of_x + g + f, x)
    y_0, y_1, y_2 = logit(q_real, of_y, y), logit(q_sim, of_y + f, y), logit(q_real, of_y + f + g, y)
    losses = {
        "adversarial_y": np.mean((1 - D_Y * (of_x + g)) ** 2),
        "adversarial_x": np.mean((1 - D_X * (of_y + f)) ** 2),
        "cycle_x": (g + f) ** 2,
        "cycle_y": (f + g) ** 2,
        "scene_x": apart(x_0, x_1, x_2),
        "scene_y": apart(y_0, y_1, y_2),
        "q_sim": nats([x_0, x_2, y_1], [w_x, w_x, w_y]),
        "q_real": nats([y_0, x_1, y_2], [w_y, w_x, w_y]),
    }
    whole = (
        weight["adversarial_weight"] * (losses["adversarial_y"] + losses["adversarial_x"])
        + weight["cycle_weight"] * (losses["cycle_x"] + losses["cycle_y"])
        + weight["scene_weight"] * (losses["scene_x"] + losses["scene_y"])
        + weight["rl_weight"] * (losses["q_sim"] + losses["q_real"])
    )
    losses |= {
        "discriminator_x": 0.5 * np.mean((1 - D_X * of_x) ** 2 + (D_X * (of_y + f)) ** 2),
        "discriminator_y": 0.5 * np.mean((1 - D_Y * of_y) ** 2 + (D_Y * (of_x + g)) ** 2),
    }
    return losses, whole


@pytest.mark.parametrize("kind", [RLCycleGAN, RLCycleGANAsWritten])
def test_every_loss_of_a_step_by_hand(fabric, kind: type[RLCycleGAN]) -> None:
    phase = linear(kind)
    phase.setup(fabric)
    expected, _ = by_hand(phase)
    found = {name: loss.item() for name, loss in phase.training_step(0).items()}
    assert found == pytest.approx(expected, rel=1e-4)
    batch = phase.source(0), phase.target(0)
    assert all(0 < one.ended.mean() < 1 for one in batch)  # so V counts, and r alone does


@pytest.mark.parametrize(
    ("kind", "of_generators", "of_q"),
    [
        (RLCycleGAN, {}, {}),
        (RLCycleGANAsWritten, {"rl_weight": 0.0}, dict.fromkeys(WEIGHTS, 0.0) | {"rl_weight": 1.3}),
    ],
)
def test_the_gradients_of_the_first_update_by_hand(fabric, monkeypatch, kind, of_generators, of_q) -> None:
    """Of L in all four networks, those of TD in the generators included; or of the terms that the paper
    writes of each; none in the discriminators."""
    phase = linear(kind)
    phase.setup(fabric)
    slopes = {}
    for key, value in {"g": G, "f": F, "q_sim": Q_SIM, "q_real": Q_REAL}.items():
        weights = of_q if "q" in key else of_generators
        up, down = (by_hand(phase, weights, **{key: value + step})[1] for step in (1e-5, -1e-5))
        slopes[key] = (up - down) / 2e-5
    monkeypatch.setattr(phase, "update_discriminators", lambda drawn: {})
    phase.training_step(0)
    names = {"g": "forward.by", "f": "inverse.by", "q_sim": "q_sim.scale", "q_real": "q_real.scale"}
    gradients = {
        f"{name}.{key}": weight.grad
        for name, network in phase.networks.items()
        for key, weight in network.named_parameters()
    }
    assert {key: gradients.pop(name).item() for key, name in names.items()} == pytest.approx(slopes, rel=1e-3)
    assert all(abs(slope) > 0.01 for slope in slopes.values())
    assert gradients == {"discriminator_x.scale": None, "discriminator_y.scale": None}


def test_a_step_moves_all_six_by_their_own_rates_and_the_targets_follow(fabric) -> None:
    phase = linear(learning_rate=1e-3, q_learning_rate=4e-3)
    phase.setup(fabric)
    Trainer._set_learning_rate(phase, 0)
    phase.training_step(0)
    moved = {
        name: abs(next(network.parameters()).item() - before)
        for (name, network), before in zip(
            phase.networks.items(), (G, F, D_X, D_Y, Q_SIM, Q_REAL), strict=True
        )
    }
    generators = dict.fromkeys(("forward", "inverse", "discriminator_x", "discriminator_y"), 1e-3)
    assert moved == pytest.approx(generators | {"q_sim": 4e-3, "q_real": 4e-3}, rel=1e-2)  # Adam's first step
    for name, before in (("q_sim", Q_SIM), ("q_real", Q_REAL)):
        learner = phase.learners[name]
        assert learner.targets.updates == 1
        after = phase.networks[name].scale.item()
        assert learner.targets.mean.scale.item() == pytest.approx(0.75 * before + 0.25 * after, abs=1e-6)
        assert learner.targets.lagged.scale.item() == pytest.approx(before)


PAIRS = [
    ("x", "fake_y"), ("x", "back_x"), ("fake_y", "back_x"),
    ("y", "fake_x"), ("y", "back_y"), ("fake_x", "back_y"),
]  # fmt: skip


@pytest.mark.parametrize("left_out", PAIRS, ids="-".join)
def test_each_of_the_six_pairs_contributes(left_out: tuple[str, str]) -> None:
    """And no other one: without any of them the gradient would be another one."""
    generator = torch.Generator().manual_seed(0)
    logits = QValues(*(torch.randn(4, generator=generator).requires_grad_() for _ in QValues._fields))
    sum(linear().scene(logits).values(), torch.zeros(())).backward()
    found = np.stack([one.grad.numpy() for one in logits])

    def gradient(pairs: list[tuple[str, str]]) -> np.ndarray:
        q = {name: sigmoid(one.detach().numpy()) for name, one in logits._asdict().items()}
        of = {name: np.zeros(4) for name in q}
        for a, b in pairs:
            of[a] += 2 * (q[a] - q[b]) / 4 * q[a] * (1 - q[a])
            of[b] += 2 * (q[b] - q[a]) / 4 * q[b] * (1 - q[b])
        return np.stack(list(of.values()))

    np.testing.assert_allclose(found, gradient(PAIRS), atol=1e-6)
    assert np.abs(found - gradient([pair for pair in PAIRS if pair != left_out])).max() > 0.01


# who sees what


def test_each_q_sees_three_images_with_their_own_scene_s_numbers_and_action(fabric) -> None:
    phase = linear()
    phase.setup(fabric)
    seen = {}
    for name in ("q_sim", "q_real"):
        phase.networks[name].register_forward_pre_hook(
            lambda _, given, name=name: seen.setdefault(name, []).extend(
                zip(*(part.split(5) for part in given), strict=True)
            )
        )
    x, y = phase.source(0), phase.target(0)
    images = {"x": image_tensor(x.frames), "y": image_tensor(y.frames)}
    images |= {"G(x)": images["x"] + G, "F(y)": images["y"] + F}
    images |= {"F(G(x))": images["G(x)"] + F, "G(F(y))": images["F(y)"] + G}
    phase.training_step(0)

    def told(parts: tuple[Tensor, Tensor, Tensor]) -> str:
        """Which image it is, where its numbers and action are its scene's."""
        image, numbers, actions = parts
        (name,) = (name for name, one in images.items() if torch.allclose(one, image))
        scene = x if "x" in name else y
        assert torch.equal(numbers, torch.from_numpy(scene.states)), name
        assert torch.equal(actions, torch.from_numpy(scene.actions)), name
        return name

    assert {name: sorted(map(told, triples)) for name, triples in seen.items()} == {
        "q_sim": ["F(G(x))", "F(y)", "x"], "q_real": ["G(F(y))", "G(x)", "y"]
    }  # fmt: skip


# a gap, and a training that is stopped


NEGATIVE = View(lambda seen: 255 - VIEW.frames(seen), VIEW.states)
"""What the real camera shows."""


def grasps(count: int, steps: int, seed: int, view: View) -> RewardedReplay:
    """Of the script; every second one of a single decision is anywhere."""
    world, rng, replay = toy_world(steps), np.random.default_rng(seed), RewardedReplay(100_000, 0.9)
    seeds = [1_000 * seed + number for number in range(count)]
    with world.pool(count) as pool:
        episodes, _ = play(pool, half_aimed(rng) if steps == 1 else Script(steps, rng), seeds, steps, view)
    for episode in episodes:
        replay.add(episode)
    return replay


def small(
    config: RLCycleGANConfig, sim: QTOpt, real: QTOpt, source: RewardedReplay, target: RewardedReplay,
    width: int = 4,
) -> RLCycleGAN:  # fmt: skip
    torch.manual_seed(1)
    generators = [SkipGenerator(width, 1) for _ in range(2)]
    judges = PatchDiscriminator(width, 1), PatchDiscriminator(width, 1)
    experience = (Experience(one, config.batch, seed) for seed, one in enumerate((source, target)))
    return RLCycleGAN("rl_cyclegan", *generators, judges, sim, real, *experience, config)


def test_a_training_that_was_stopped_goes_on_bit_for_bit(tmp_path: Path, fabric, monkeypatch) -> None:
    """Six networks, three optimizers, both pools, and what both Q's targets have been."""
    monkeypatch.setattr(Phase, "log_every", 4)
    monkeypatch.setattr(Phase, "checkpoint_seconds", 0.0)
    replays = grasps(20, 3, 1, VIEW), grasps(20, 3, 2, NEGATIVE)

    def fit(name: str, at: int = -1) -> RLCycleGAN:
        about = {"monte_carlo_updates": 0, "lag": 3}
        learners = (toy_learner(3, **about) for _ in range(2))
        phase = small(RLCycleGANConfig(12, 2, pool=3), *learners, *replays)
        Trainer(tmp_path / name, fabric, quiet=True).fit(interrupted_at(phase, at))
        return phase

    fit("whole")
    with pytest.raises(KeyboardInterrupt):
        fit("broken", 10)
    rest = fit("broken")
    states = [
        sorted((tmp_path / run / "checkpoints/rl_cyclegan").glob("*/state.safetensors"))[-1].read_bytes()
        for run in ("whole", "broken")
    ]
    assert states[0] == states[1]
    assert {name: len(pool.images) for name, pool in rest.pools.items()} == {"x": 3, "y": 3}
    assert [learner.targets.updates for learner in rest.learners.values()] == [12, 12]


def success(learner: QTOpt, view: View) -> float:
    with toy_world(1).pool(200) as pool:
        _, ends = play_goals(pool, learner.policy(view), range(200), 1, view)
    return float(np.mean([end["success"] for end in ends]))


def learnt(replay: RewardedReplay) -> QTOpt:
    learner, rng = toy_learner(1, photometric=0.0), np.random.default_rng(0)
    for _ in range(80):
        learner.update(replay.sample(64, rng))
    return learner


def test_q_real_learns_a_domain_of_other_colours_from_few_grasps(tmp_path: Path, fabric) -> None:
    """The real camera shows the negative, in which Q of the simulation finds nothing, and 30 grasps and their
    results are too few to learn from alone."""
    source, target = grasps(400, 1, 1, VIEW), grasps(30, 1, 2, NEGATIVE)
    sim, alone = learnt(source), learnt(target)
    real = sim.twin("cpu")
    phase = small(RLCycleGANConfig(150, 16, 2e-3, q_learning_rate=2e-3), sim, real, source, target, 8)
    assert success(sim, VIEW) > 0.9
    assert success(real, NEGATIVE) < 0.1
    Trainer(tmp_path, fabric, quiet=True).fit(phase)
    found = {
        "real": success(real, NEGATIVE),
        "sim": success(sim, NEGATIVE),
        "alone": success(alone, NEGATIVE),
    }
    assert found["real"] > 0.75
    assert max(found["sim"], found["alone"]) < 0.4
    assert success(sim, VIEW) > 0.9


# experience, generator, settings


def test_experience_is_a_function_of_seed_and_step(fabric) -> None:
    replay = grasps(50, 1, 1, VIEW)
    experience, again, other = Experience(replay, 8, 3), Experience(replay, 8, 3), Experience(replay, 8, 4)
    first = experience(7)
    experience(1)
    for batch in (experience(7), again(7)):
        np.testing.assert_array_equal(batch.frames, first.frames)
        np.testing.assert_array_equal(batch.actions, first.actions)
    for batch in (experience(8), other(7)):
        assert not np.array_equal(batch.actions, first.actions)
    assert first.frames.shape == (8, 16, 16, 3)


def test_each_of_several_devices_has_its_share_of_a_batch() -> None:
    replay = grasps(50, 1, 1, VIEW)
    one, two = (Experience(replay, 8, 3, rank, 2)(0) for rank in range(2))
    assert len(one.actions) == len(two.actions) == 4
    assert not np.array_equal(one.actions, two.actions)
    assert Experience(replay, 8, 3).weight == Experience(replay, 8, 3, 1, 2).weight == 1


def test_experience_shows_the_same_images_always() -> None:
    experience = Experience(grasps(50, 1, 1, VIEW), 8, 3)
    shown = experience.shown(6)
    experience(0)
    assert shown.shape == (6, 3, 16, 16)
    assert shown.min() >= -1
    assert len(torch.unique(shown.flatten(1), dim=0)) > 3
    assert torch.equal(experience.shown(6), shown)


def test_experience_that_cannot_be() -> None:
    with pytest.raises(CrossgapError, match="batch of 7 transitions cannot be shared equally by 2 devices"):
        Experience(RewardedReplay(10, 0.9), 7, 0, 0, 2)
    with pytest.raises(CrossgapError, match="batch of 0 transitions"):
        Experience(RewardedReplay(10, 0.9), 0, 0)
    with pytest.raises(CrossgapError, match="the replay is empty"):
        Experience(RewardedReplay(10, 0.9), 1, 0)(0)


@pytest.mark.parametrize("size", [(16, 16), (64, 64), (20, 36)])
def test_a_skip_generator_keeps_shape_and_range(size: tuple[int, int]) -> None:
    network = SkipGenerator(4, 1)
    nn.init.constant_(network.last.bias, 50.0)  # however large the last layer's output
    images = network(torch.rand(2, 3, *size) * 2 - 1)
    assert images.shape == (2, 3, *size)
    assert images.abs().max() <= 1


@pytest.mark.parametrize("way", ["image", "full", "half", "quarter"])
def test_each_way_through_a_skip_generator_reaches_its_output(way: str) -> None:
    """With all the others cut, what changes in an image still changes its translation."""
    network, (one, other) = SkipGenerator(4, 1), torch.rand(2, 1, 3, 16, 16)
    from_image, from_full = network.last.weight[:, 4:], network.join_full[0].weight[:, 4:]
    from_half, below_half = network.join_half[0].weight[:, 8:], network.up_half.weight
    cut = {
        "image": [network.last.weight[:, :4]],
        "full": [from_image, network.up_full.weight],
        "half": [from_image, from_full, below_half],
        "quarter": [from_image, from_full, from_half],
    }
    with torch.no_grad():
        for weight in cut[way]:
            weight.zero_()
        assert (network(one) - network(other)).abs().max() > 0.01


def test_a_saved_skip_generator_is_built_again() -> None:
    network, images = SkipGenerator(6, 3), torch.rand(2, 3, 16, 16)
    about = described(network)
    assert about == {"name": "SkipGenerator", "arguments": {"width": 6, "blocks": 3}}
    again = build(**about)
    again.load_state_dict(network.state_dict())
    assert torch.equal(again(images), network(images))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"steps": 0}, "steps is at least 1; got 0"),
        ({"batch": 0}, "batch is at least 1; got 0"),
        ({"pool": -1}, "pool is at least 0; got -1"),
        ({"learning_rate": 0.0}, "learning_rate is a number above 0; got 0.0"),
        ({"q_learning_rate": math.inf}, "q_learning_rate is a number above 0; got inf"),
        ({"cycle_distance": "cube"}, "cycle_distance is square or absolute; got cube"),
        ({"scene_weight": -1.0}, "scene_weight is a number from 0 on; got -1.0"),
        ({"rl_weight": math.nan}, "rl_weight is a number from 0 on; got nan"),
    ],
)
def test_settings_that_cannot_be(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(CrossgapError, match=rf"^RLCycleGAN's {re.escape(words)}\.$"):
        RLCycleGANConfig(**settings)
