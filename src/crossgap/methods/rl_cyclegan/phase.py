"""RL-CycleGAN (Rao et al. 2020, "RL-CycleGAN: Reinforcement Learning Aware Simulation-To-Real"): a CycleGAN
whose translations leave alone what a robot's Q-functions say of a scene.

    q_x  = Q_sim(x, a)         q_x'  = Q_real(G(x), a)       q_x'' = Q_sim(F(G(x)), a)
    q_y  = Q_real(y, a)        q_y'  = Q_sim(F(y), a)        q_y'' = Q_real(G(F(y)), a)

x, G(x) and F(G(x)) are one scene, and y, F(y) and G(F(y)) another. Afterwards Q_real is the policy.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from crossgap.core.trainer import adam
from crossgap.data.batches import image_tensor, moved
from crossgap.losses import q_loss, scene_loss
from crossgap.methods.rl_cyclegan import RLCycleGANConfig
from crossgap.methods.unpaired import Drawn, Losses, UnpairedTranslation
from crossgap.rl.experience import Experience
from crossgap.rl.labelling import LabellingLearner


class Scenes(NamedTuple):
    """A batch of one domain."""

    images: Tensor
    """(n, 3, H, W) in [-1, 1]."""
    numbers: Tensor
    """What the robot measures itself, (n, m)."""
    actions: Tensor
    """(n, a)."""
    wanted: Tensor
    """r + γ V(s'), what the actions should be worth, (n,) in [0, 1]."""


class QValues(NamedTuple):
    """The six logits, each (n,): of x, G(x) and F(G(x)), and of y, F(y) and G(F(y))."""

    x: Tensor
    fake_y: Tensor
    back_x: Tensor
    y: Tensor
    fake_x: Tensor
    back_y: Tensor


class RLCycleGAN(UnpairedTranslation):
    """Learn G: X → Y, F: Y → X, Q_sim and Q_real together.

        L = λ_GAN (L_GAN(G, D_Y) + L_GAN(F, D_X)) + λ_cycle (d(F(G(x)), x) + d(G(F(y)), y))
            + λ_RL-scene L_RL-scene + λ_RL L_RL
        L_RL-scene = d(q_x, q_x') + d(q_x, q_x'') + d(q_x', q_x'')
                     + d(q_y, q_y') + d(q_y, q_y'') + d(q_y', q_y'')
        L_RL = TD losses of Q_sim on x, F(G(x)) and F(y), and of Q_real on y, G(x) and G(F(y))

    d is the mean square; that of the cycle can be the mean absolute difference. One step goes down the
    gradient of L in G, F, Q_sim and Q_real at once, then down that of the discriminators' loss. What an
    action should be worth, r + γ V(s'), is said by the lagged targets of its own domain's Q, for all three
    images of a scene.

    Args:
        name: of the phase.
        forward: G, trained in place.
        inverse: F, trained in place.
        discriminators: D_X and D_Y, trained in place.
        q_sim: learner of Q_sim, on the device of the training; its critic is trained in place. A step is an
            update of it: the first ones learn from returns alone where its settings say so, also after an
            earlier training of its own.
        q_real: the same of Q_real, with a critic of its own.
        source: experience in simulation.
        target: real experience.
        config: weights, pool, steps and learning rates.
    """

    source: Experience
    target: Experience

    def __init__(
        self, name: str, forward: nn.Module, inverse: nn.Module, discriminators: tuple[nn.Module, nn.Module],
        q_sim: LabellingLearner, q_real: LabellingLearner, source: Experience, target: Experience,
        config: RLCycleGANConfig,
    ):  # fmt: skip
        steps, rate, self.config = config.steps, config.learning_rate, config
        super().__init__(name, forward, inverse, discriminators, source, target, steps, rate, config.pool)
        self.cycle_distance = config.cycle_distance
        self.learners = {"q_sim": q_sim, "q_real": q_real}
        critics = {domain: learner.networks["critic"] for domain, learner in self.learners.items()}
        self.networks |= critics
        weights = nn.ModuleList(critics.values()).parameters()
        self.optimizers["q_functions"] = adam(weights, config.q_learning_rate)
        self.rate_factors = {"q_functions": config.q_learning_rate / rate}

    def training_step(self, step: int) -> Losses:
        """One update of generators and Q-functions, then one of both discriminators."""
        x, y = self.scenes("q_sim", self.source, step), self.scenes("q_real", self.target, step)
        self.train_discriminators(False)  # they only pass the gradient on
        drawn = self.draw(x.images, y.images)
        judged, learnt = self.both_values(drawn, x, y)
        losses = self.adversarial(drawn) | self.cycle(drawn)
        losses |= self.scene(judged) | self.temporal(learnt, x, y)
        self.update(("generators", "q_functions"), self.loss(losses))
        for learner in self.learners.values():
            learner.follow()
        return losses | self.update_discriminators(drawn)

    def scenes(self, domain: str, experience: Experience, step: int) -> Scenes:
        """A batch, labelled by its domain's Q."""
        batch, device = experience(step), self.fabric.device
        wanted = self.learners[domain].label(batch, step)
        numbers, actions = moved(batch.states, device), moved(batch.actions, device)
        return Scenes(image_tensor(batch.frames, device), numbers, actions, wanted)

    def both_values(self, drawn: Drawn, x: Scenes, y: Scenes) -> tuple[QValues, QValues]:
        """The values that L_RL-scene and L_RL are of: the same, so that both train all four networks."""
        found = self.q_values(drawn, x, y)
        return found, found

    def q_values(self, drawn: Drawn, x: Scenes, y: Scenes) -> QValues:
        """All six, each Q asked once."""
        of_x, back_x, fake_x = self._judged("q_sim", (drawn.x, drawn.back_x, drawn.fake_x), (x, x, y))
        of_y, fake_y, back_y = self._judged("q_real", (drawn.y, drawn.fake_y, drawn.back_y), (y, x, y))
        return QValues(of_x, fake_y, back_x, of_y, fake_x, back_y)

    def _judged(
        self, domain: str, images: tuple[Tensor, ...], scenes: tuple[Scenes, ...]
    ) -> tuple[Tensor, ...]:
        numbers = torch.cat([scene.numbers for scene in scenes])
        actions = torch.cat([scene.actions for scene in scenes])
        logits = self.parallel[domain](torch.cat(images), numbers, actions)
        return logits.float().split([len(one) for one in images])

    def scene(self, q: QValues) -> Losses:
        """L_RL-scene, of the values in (0, 1)."""
        value = QValues(*(logits.sigmoid() for logits in q))
        return {
            "scene_x": scene_loss(value.x, value.fake_y, value.back_x),
            "scene_y": scene_loss(value.y, value.fake_x, value.back_y),
        }

    def temporal(self, q: QValues, x: Scenes, y: Scenes) -> Losses:
        """L_RL, a mean over the three images of each Q."""
        sim = q_loss(torch.cat([q.x, q.back_x, q.fake_x]), torch.cat([x.wanted, x.wanted, y.wanted]))
        real = q_loss(torch.cat([q.y, q.fake_y, q.back_y]), torch.cat([y.wanted, x.wanted, y.wanted]))
        return {"q_sim": sim, "q_real": real}

    def loss(self, losses: Losses) -> Tensor:
        """L."""
        config = self.config
        return (
            config.adversarial_weight * (losses["adversarial_y"] + losses["adversarial_x"])
            + config.cycle_weight * (losses["cycle_x"] + losses["cycle_y"])
            + config.scene_weight * (losses["scene_x"] + losses["scene_y"])
            + config.rl_weight * (losses["q_sim"] + losses["q_real"])
        )

    def extra_state(self) -> dict[str, Tensor]:
        """The pools, and the lagged targets of both Q."""
        state = super().extra_state()
        for domain, learner in self.learners.items():
            state |= {f"{domain}.{name}": weight for name, weight in learner.extra_state().items()}
        return state

    def load_extra_state(self, state: dict[str, Tensor]) -> None:
        """Take them back."""
        super().load_extra_state(state)
        for domain, learner in self.learners.items():
            start = f"{domain}."
            learner.load_extra_state(
                {name.removeprefix(start): value for name, value in state.items() if name.startswith(start)}
            )


class RLCycleGANAsWritten(RLCycleGAN):
    """The same, where each term trains what the paper writes it of: L_RL-scene(G, F) the generators alone,
    and L_RL(Q) the Q-functions alone. Each Q is asked twice."""

    def both_values(self, drawn: Drawn, x: Scenes, y: Scenes) -> tuple[QValues, QValues]:
        """As of `RLCycleGAN`: no gradient of the first passes to Q, and none of the second to an image."""
        self._train_q(False)
        judged = self.q_values(drawn, x, y)
        self._train_q(True)
        return judged, self.q_values(Drawn(*(images.detach() for images in drawn)), x, y)

    def _train_q(self, whether: bool) -> None:
        for domain in self.learners:
            self.networks[domain].requires_grad_(whether)
