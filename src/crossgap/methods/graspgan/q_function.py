"""The other half of GraspGAN: a Q that learns on translated images, and whose features do not tell these from
real ones (Bousmalis et al. 2018, section IV-A, after DANN).

    G(x) ─▶ see ─▶ map ─┬─▶ judge(map, a) ─▶ Q(G(x), a): the grasp's result       (G(x) alone)
       y ─▶ see ─▶ map ─┴─▶ mean ─▶ R_λ ─▶ C: is it G(x), or y?

R_λ is the identity forwards and −λ backwards.
"""

from typing import cast

import torch
from torch import Tensor, nn

from crossgap.core.random_streams import seeded
from crossgap.core.trainer import Phase, adam
from crossgap.data.batches import Batches, image_tensor, moved
from crossgap.data.photometric import photometric
from crossgap.losses import domain_loss, q_loss
from crossgap.methods.graspgan import DomainAdversarialConfig
from crossgap.networks import DomainClassifier
from crossgap.networks.gradient_reversal import GradientReversal, reversal_weight
from crossgap.networks.q_functions import ImageQ
from crossgap.rl.experience import Experience
from crossgap.rl.labelling import LabellingLearner


class DomainAdversarialQ(Phase):
    """Train Q and C at once, down the gradient of

        L = L_Q(Q(G(x), a), r + γ V(G(x'))) + L_d(C(f(G(x))), 0) + L_d(C(f(y)), 1)

    which in Q's map goes up that of L_d, times λ_p, where p is the share of steps done; f is the mean over
    the map's places. λ_p = λ (2 / (1 + exp(−10 p)) − 1).

    Args:
        name: of the phase.
        learner: of Q, on the device of the training; its critic, an `ImageQ`, is trained in place at its own
            learning rate.
        classifier: C, of as many features as the critic's map has channels; trained in place.
        source: simulated experience whose frames are translated already.
        target: real images, without labels.
        config: steps, λ and distortion.
        seed: of the distortion.
    """

    def __init__(
        self, name: str, learner: LabellingLearner, classifier: DomainClassifier, source: Experience,
        target: Batches, config: DomainAdversarialConfig, seed: int = 0,
    ):  # fmt: skip
        self.name, self.steps, self.learning_rate, self.seed = name, config.steps, learner.learning_rate, seed
        self.learner, self.source, self.target, self.config = learner, source, target, config
        critic = cast(ImageQ, learner.networks["critic"])
        self.networks = {"both": _Both(critic, classifier)}
        self.optimizers = {
            "critic": learner.optimizers["critic"],
            "classifier": adam(classifier.parameters(), learner.learning_rate),
        }
        self.extra_state, self.load_extra_state = learner.extra_state, learner.load_extra_state

    def reversal(self, step: int) -> float:
        """λ_p."""
        return self.config.domain_weight * reversal_weight(step / self.steps)

    def training_step(self, step: int) -> dict[str, Tensor]:
        """One update of both, then of the learner's target networks."""
        batch, device = self.source(step), self.fabric.device
        wanted = self.learner.label(batch, step)
        numbers, actions = moved(batch.states, device), moved(batch.actions, device)
        x, y = self._distorted(step, image_tensor(batch.frames, device), self.target(step)[0])
        logits, domain_x, domain_y = self.parallel["both"](x, y, numbers, actions, self.reversal(step))
        q = q_loss(logits.float(), wanted)
        confusion = domain_loss(domain_x.float(), domain_y.float())
        self.update(("critic", "classifier"), q + confusion)
        self.learner.follow()
        return {"q": q, "worth": logits.float().sigmoid().mean(), "domain_loss": confusion}

    def _distorted(self, step: int, *images: Tensor) -> tuple[Tensor, ...]:
        strength = self.config.photometric_weight
        drawn = seeded(self.fabric.device, self.seed, step)
        return tuple(photometric(one, strength, drawn) for one in images) if strength else images


class _Both(nn.Module):
    """Critic and classifier on the same map, as one network: one look at each image."""

    def __init__(self, critic: ImageQ, classifier: DomainClassifier):
        super().__init__()
        self.critic, self.classifier = critic, classifier

    def forward(
        self, x: Tensor, y: Tensor, numbers: Tensor, actions: Tensor, reversal: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Logits of Q of x, (n,), and of C of x, (n,), and y, (m,)."""
        seen = self.critic.see(torch.cat([x, y]))
        logits = self.critic.judge(seen[: len(x)], numbers, actions[:, None])[:, 0]
        domain = self.classifier(GradientReversal.apply(seen.mean((2, 3)), reversal))
        return logits, domain[: len(x)], domain[len(x) :]
