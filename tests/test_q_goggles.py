"""Goggles for a Q: losses by hand, a frozen Q, resume, and that a robot grasps with them in another look."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from crossgap.core.trainer import Trainer
from crossgap.data.batches import Batches, image_tensor, to_images
from crossgap.errors import CrossgapError
from crossgap.losses import q_loss
from crossgap.methods.q_goggles import QGogglesConfig
from crossgap.methods.q_goggles.phase import QGoggles
from crossgap.methods.qt_opt.learner import QTOpt
from crossgap.networks import PatchDiscriminator, SkipGenerator
from crossgap.rl.collection import play_goals
from crossgap.rl.experience import Experience
from crossgap.rl.offline import Offline
from crossgap.rl.replay import Episode
from crossgap.rl.rewarded import RewardedReplay
from crossgap.rl.scripted import scripted_episodes
from interruption import assert_goes_on
from toy_bins import VIEW, script, toy_learner, toy_world


def other_look(frames: np.ndarray) -> np.ndarray:
    """What the robot sees of a scene in the target: the square is blue, and on the other side of the middle
    there is one of the source's colour, which cannot be grasped."""
    square = frames[..., :1] > 128
    decoy = square[..., ::-1, ::-1, :]
    seen = np.where(decoy, [255, 180, 40], [40, 60, 80])
    return np.where(square, [40, 60, 255], seen).astype(np.uint8)


def experience(episodes: list[Episode], batch: int, seed: int) -> Experience:
    replay = RewardedReplay(4_000, 0.9)
    for one in episodes:
        replay.add(one)
    return Experience(replay, batch, seed)


@pytest.fixture(scope="module")
def grasps(tmp_path_factory) -> list[Episode]:
    """Of the script, in the source's look."""
    folder = tmp_path_factory.mktemp("grasps")
    return scripted_episodes(folder, toy_world(1), script(1), 600, 1, 100, 0, True)


@pytest.fixture(scope="module")
def q_sim(tmp_path_factory, fabric, grasps) -> QTOpt:
    """A Q that has learnt from them."""
    learner = toy_learner(1)
    phase = Offline("q", learner, [experience(grasps, 32, 0)], 120)
    Trainer(tmp_path_factory.mktemp("q"), fabric, quiet=True).fit(phase)
    return learner


def make(q_sim: QTOpt, grasps: list[Episode], steps: int = 20, batch: int = 2, **settings: Any) -> QGoggles:
    torch.manual_seed(0)
    frames = np.stack([one.frames[0] for one in grasps[:300]])
    source = Batches(torch.from_numpy(frames), torch.zeros(len(frames), 0), batch, 1)
    real = experience([replace(one, frames=other_look(one.frames)) for one in grasps[300:]], batch, 2)
    config = QGogglesConfig(**{"steps": steps, "batch": batch} | settings)
    return QGoggles("goggles", SkipGenerator(8, 1), PatchDiscriminator(8, 1), q_sim, source, real, config)


def test_the_first_losses_by_hand(fabric, q_sim: QTOpt, grasps) -> None:
    phase = make(q_sim, grasps, adversarial_weight=2.0, task_weight=3.0)
    phase.setup(fabric)
    F, D = phase.networks["generator"], phase.networks["discriminator"]
    x, batch = phase.source(0)[0], phase.target(0)
    fake = F(image_tensor(batch.frames))
    logits = q_sim.networks["critic"](fake, torch.tensor(batch.states), torch.tensor(batch.actions))
    expected = {
        "adversarial": (D(fake) - 1).square().mean(),
        "task": q_loss(logits, torch.tensor(batch.rewards).clamp(0, 1)),
    }
    loss = 2 * expected["adversarial"] + 3 * expected["task"]
    gradients = torch.autograd.grad(loss, list(F.parameters()), retain_graph=True)
    expected["discriminator"] = ((D(x) - 1).square().mean() + D(fake).square().mean()) / 2
    found = phase.training_step(0)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-5)
    for mine, its in zip(F.parameters(), gradients, strict=True):
        torch.testing.assert_close(mine.grad, its, rtol=1e-3, atol=1e-4)


def test_what_comes_next_is_seen_through_the_goggles_too(fabric, q_sim: QTOpt, grasps) -> None:
    phase = make(q_sim, grasps)
    phase.setup(fabric)
    batch = phase.target(0)
    assert phase.seen_after(batch) is batch  # all have ended
    going = replace(batch, ended=np.array([True, False]))
    after = phase.seen_after(going)
    with torch.no_grad():
        made = to_images(phase.networks["generator"](image_tensor(batch.next_frames)))
    np.testing.assert_array_equal(after.next_frames, made)
    np.testing.assert_array_equal(after.frames, batch.frames)


def test_without_the_task_q_is_not_asked(fabric, q_sim: QTOpt, grasps, monkeypatch) -> None:
    monkeypatch.setattr(q_sim, "label", None)
    phase = make(q_sim, grasps, task_weight=0.0)
    phase.setup(fabric)
    assert phase.training_step(0).keys() == {"adversarial", "discriminator"}


def success(learner: QTOpt, generator: torch.nn.Module | None) -> float:
    """Of Q's grasps in the other look, behind a translator or without one."""

    @torch.no_grad()
    def act(seen: Any) -> np.ndarray:
        frames = other_look(VIEW.frames(seen))
        if generator is not None:
            frames = to_images(generator(image_tensor(frames)))
        return learner.act(frames, VIEW.states(seen))

    _, ends = play_goals(toy_world(1).pool(100), act, range(100), 1, VIEW)
    return float(np.mean([end["success"] for end in ends]))


def test_a_robot_grasps_with_them_in_another_look(tmp_path: Path, fabric, q_sim: QTOpt, grasps) -> None:
    """With D_X and the task; and by the task alone, as against it nothing would be grasped."""
    before = {name: weight.clone() for name, weight in q_sim.networks.state_dict().items()}
    found = {"none": success(q_sim, None)}
    for name, weight in (("both", 1.0), ("task", 0.0)):
        phase = make(q_sim, grasps, 200, 8, learning_rate=3e-3, adversarial_weight=weight)
        Trainer(tmp_path / name, fabric, quiet=True).fit(phase)
        found[name] = success(q_sim, phase.networks["generator"].eval())
        assert list(phase.samples()) == ["y", "F(y)", "x"]
    assert found["none"] < 0.2
    assert found["both"] > 0.8
    assert found["task"] > 0.8
    after = q_sim.networks.state_dict()
    assert all(torch.equal(weight, before[name]) for name, weight in after.items())  # Q is as it was
    assert all(weight.requires_grad for weight in q_sim.networks["critic"].parameters())


def test_it_goes_on_bit_for_bit_with_its_pool(tmp_path: Path, fabric, q_sim, grasps, monkeypatch) -> None:
    assert_goes_on(tmp_path, fabric, monkeypatch, lambda: make(q_sim, grasps, pool=5))


@pytest.mark.parametrize(("name", "value"), [("task_weight", -0.1), ("steps", 0), ("learning_rate", 0.0)])
def test_settings_that_cannot_be(name: str, value: float) -> None:
    with pytest.raises(CrossgapError, match=f"QGoggles's {name} is a"):
        QGogglesConfig(**{name: value})  # type: ignore[arg-type]
