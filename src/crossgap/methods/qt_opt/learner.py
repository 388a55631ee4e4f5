"""QT-Opt (Kalashnikov et al. 2018, "QT-Opt: Scalable deep reinforcement learning for vision-based robotic
manipulation"): Q-learning from images without an actor.

    Q_θ(s, a)     in (0, 1): the chance that the episode succeeds, less what its steps cost
    π(s)          argmax_a Q_θ̄₁(s, a), by the cross-entropy method
    V(s)          min_{i = 1, 2} Q_θ̄ᵢ(s, π(s))
    Q_T(s, a)     r + γ V(s'), cut to [0, 1]; r where the episode ended
    L(θ)          cross-entropy of Q_θ(s, a) and Q_T(s, a)

θ̄₁ is the mean of the last weights, θ̄₂ the same some time ago.

The state is an image, and numbers that the robot measures itself: where its gripper is, whether it is
closed, and how much of the episode is over. The last is of ours: with a dozen steps the same image is worth
less near the end.

Q_T is mixed with the Monte-Carlo return, which alone is learnt from at first. While Q knows nothing, V only
hands its errors on, and a reward at the end needs as many rounds of that to arrive as the episode is long.
"""

import copy
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from crossgap.core.fabric import keep_freed_memory
from crossgap.core.random_streams import seeded
from crossgap.data.batches import image_tensor, moved
from crossgap.data.photometric import photometric
from crossgap.losses import bellman_target, q_loss
from crossgap.methods.qt_opt.config import QTOptConfig
from crossgap.networks.q_functions import ImageQ
from crossgap.rl.collection import Act, Observation, View, World
from crossgap.rl.cross_entropy import ActionForm
from crossgap.rl.labelling import LabellingLearner
from crossgap.rl.lagged_targets import LaggedTargets, best_action
from crossgap.rl.learner import Loop
from crossgap.rl.replay import Transitions
from crossgap.rl.rewarded import RewardedReplay

LABELS, IMAGES = 0, 1
"""Streams of random numbers of an update: of the search for V, and of the images' distortion."""


class QTOpt(LabellingLearner):
    """The learner. From here on the process keeps memory that it frees: `keep_freed_memory`.

    Args:
        critic: Q.
        form: what the numbers of an action are.
        config: settings.
        device: where it learns.
        flipped: how often a random action changes a switch; seldom, since most random ends come too early.
        seed: of the search for V, and of the images' distortion.
    """

    def __init__(
        self, critic: ImageQ, form: ActionForm, config: QTOptConfig, device: str | torch.device = "cpu",
        flipped: float = 0.25, seed: int = 0,
    ):  # fmt: skip
        keep_freed_memory()
        self.seed = seed
        self.form, self.config, self.device, self.flipped = form, config, torch.device(device), flipped
        self.networks = nn.ModuleDict({"critic": critic}).to(device)
        self.targets = LaggedTargets(critic, config.polyak, config.lag)
        self.name, self.learning_rate = "qt_opt", config.learning_rate
        self.optimizers = {
            "critic": torch.optim.AdamW(
                critic.parameters(), config.learning_rate, weight_decay=config.weight_decay, fused=True
            )
        }

    def policy(self, view: View) -> Act:
        """π; the search draws the same numbers every time, so what it does in many environments depends on
        what it sees in them alone; on how many they are, too, as each row of a batch has its own numbers."""
        return lambda observation: self.act(view.frames(observation), view.states(observation))

    def act(self, frames: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        """Actions (n, a) float32 of images (n, H, W, 3) uint8 and what is measured, (n, m)."""
        images, measured = image_tensor(frames, self.device), moved(numbers, self.device)
        drawn = torch.Generator(self.device).manual_seed(0)
        return (
            best_action(self.targets.mean, images, measured, self.config.search, self.form, drawn)[0]
            .cpu()
            .numpy()
        )

    def exploring(self, act: Act, noise: float, random: float, rng: np.random.Generator) -> Act:
        """π with normal noise on all but the switches; of a random action the rest is uniform, and each
        switch is the other way round in a share of `flipped`."""
        first = self.form.size - self.form.switches

        def explore(observation: Observation) -> np.ndarray:
            action = act(observation)
            noisy = action.copy()
            noisy[:, :first] = np.clip(
                action[:, :first] + noise * rng.standard_normal((len(action), first)), -1, 1
            )
            turned = np.where(rng.random((len(action), self.form.switches)) < self.flipped, -1, 1)
            other = np.concatenate([self._uniform(len(action), rng), turned * action[:, first:]], 1)
            return np.where(rng.random((len(action), 1)) < random, other, noisy)

        return explore

    def _uniform(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Random displacements and turns."""
        numbers, angles = (
            rng.uniform(-1, 1, (count, self.form.numbers)),
            rng.uniform(-1, 1, (count, self.form.turns)),
        )
        turns = np.stack([np.sin(angles * np.pi / 2), np.cos(angles * np.pi / 2)], 2).reshape(count, -1)
        return np.concatenate([numbers, turns], 1)

    def replay(self, loop: Loop, world: World) -> RewardedReplay:
        """Of the world's own rewards."""
        return RewardedReplay(loop.replay, self.config.discount)

    def update(
        self, batch: Transitions, demonstrated: int = 0, labelled: tuple[Tensor, Tensor] | None = None
    ) -> dict[str, Tensor]:  # fmt: skip
        """One step of the critic, then of the target networks; see `fit`. Who played what is all the same."""
        return self.fit(batch, self.label(batch, self.targets.updates))

    def label(self, batch: Transitions, update: int) -> Tensor:
        """Q_T, mixed with the return of what was played."""
        reward, returns, ended = (
            moved(part, self.device) for part in (batch.rewards, batch.returns, batch.ended)
        )
        returns = returns.clamp(0, 1)
        if update < self.config.monte_carlo_updates:
            return returns
        value, goes_on = torch.zeros_like(reward), ~batch.ended
        if goes_on.any():
            images = image_tensor(batch.next_frames[goes_on], self.device)
            numbers = moved(batch.next_states[goes_on], self.device)
            drawn = self._random(update, LABELS)
            value[~ended] = self.targets.value(images, numbers, self.config.target_search, self.form, drawn)
        wanted = bellman_target(reward, ended, value, self.config.discount)
        return torch.lerp(wanted, returns, self.config.monte_carlo_share)

    def fit(self, batch: Transitions, wanted: Tensor) -> dict[str, Tensor]:
        """One step of the critic, then of the target networks.

        Returns:
            `q`, the loss; `worth` and `wanted`, the means of Q and of its target.
        """
        images = image_tensor(batch.frames, self.device)
        if self.config.photometric:
            images = photometric(images, self.config.photometric, self._random(self.targets.updates, IMAGES))
        numbers, actions = moved(batch.states, self.device), moved(batch.actions, self.device)
        logits = self.trained["critic"](images, numbers, actions)
        loss = q_loss(logits, wanted.to(self.device))
        self.descend("critic", loss)
        self.follow()
        return {"q": loss.detach(), "worth": logits.detach().sigmoid().mean(), "wanted": wanted.mean()}

    def follow(self) -> None:
        """As of `LabellingLearner`."""
        self.targets.follow(cast(ImageQ, self.networks["critic"]))

    def _random(self, update: int, stream: int) -> torch.Generator:
        return seeded(self.device, self.seed, 2 * update + stream)

    def extra_state(self) -> dict[str, Tensor]:
        """The target networks' weights and the number of updates, for checkpoints."""
        return self.targets.state()

    def load_extra_state(self, state: dict[str, Tensor]) -> None:
        """Take them back."""
        self.targets.load_state(state)

    def twin(self, device: str | torch.device) -> "QTOpt":
        """As of `LabellingLearner`."""
        critic = copy.deepcopy(self.networks["critic"])
        assert isinstance(critic, ImageQ)
        return QTOpt(critic, self.form, self.config, device, self.flipped, self.seed)

    def target_state(self) -> dict[str, Tensor]:
        """As of `LabellingLearner`."""
        return {name: weight.detach().cpu() for name, weight in self.targets.state().items()}

    def load_target_state(self, state: dict[str, Tensor]) -> None:
        """As of `LabellingLearner`."""
        self.targets.load_state(state)
