"""DANN (Ganin et al. 2016, "Domain-Adversarial Training of Neural Networks", JMLR 17): features that serve
the task and do not tell the domains apart. The other family: it adapts features, not images.

    x ─▶ G_f ─▶ features ─┬─▶ G_y ─▶ task loss L_y                     (source, and target where labelled)
                          └─▶ R_λ ─▶ G_d ─▶ domain loss L_d            (source: 0, target: 1)

R_λ is the identity forwards and −λ backwards (equations 16 and 17), so that one step of gradient descent is
at once the saddle point's descent in G_y and G_d and its ascent in G_f (equations 13 to 15).
"""

import torch
from torch import Tensor, nn

from crossgap.core.trainer import Phase
from crossgap.data.batches import Batches
from crossgap.losses import TaskLoss, domain_loss, task_loss
from crossgap.methods.dann import DANNConfig
from crossgap.networks import DomainClassifier, TaskModel
from crossgap.networks.gradient_reversal import GradientReversal, reversal_weight


class DANN(Phase):
    """Trains G_f, G_y and G_d at once.

        λ_p = 2 / (1 + exp(−10 p)) − 1          p: share of steps done

    Args:
        name: of the phase.
        task_model: G_f is its `features`, G_y its `head`; trained in place.
        domain_classifier: G_d, trained in place.
        source: labelled images of the source domain.
        target: images of the target domain; their labels are not used.
        config: steps, learning rate of Adam, and the factor on λ_p; the paper has momentum SGD, under which
            TaskGAN's task model, without any normalisation, does not start to learn.
        labelled: labelled images of the target domain, which join the task loss; None in the paper.
        loss: the task loss L_y.
    """

    def __init__(
        self, name: str, task_model: TaskModel, domain_classifier: DomainClassifier, source: Batches,
        target: Batches, config: DANNConfig, labelled: Batches | None = None, loss: TaskLoss = task_loss,
    ):  # fmt: skip
        self.name, self.steps, self.learning_rate, self.loss = name, config.steps, config.learning_rate, loss
        self.source, self.target, self.labelled = source, target, labelled
        self.data = [source, target] + ([] if labelled is None else [labelled])
        self.domain_weight = config.domain_weight
        both = _Both(task_model, domain_classifier)
        self.networks = {"both": both}
        self.optimizers = {"both": torch.optim.Adam(both.parameters(), config.learning_rate)}

    def reversal(self, step: int) -> float:
        """λ_p: 0 at the first step, so that G_d learns something first, then towards 1."""
        return self.domain_weight * reversal_weight(step / self.steps)

    def predicted(self, images: Tensor) -> Tensor:
        """G_y(G_f(y))."""
        both = self.networks["both"]
        assert isinstance(both, _Both)
        return both.task_model(images)

    def training_step(self, step: int) -> dict[str, Tensor]:
        """One step of gradient descent on L_y + L_d, with the gradient reversed between G_d and G_f."""
        x, labels = self.source(step)
        y, _ = self.target(step)
        images = [x, y]
        if self.labelled is not None:
            z, more = self.labelled(step)
            images, labels = [x, z, y], torch.cat([labels, more])
        predicted, domain = self.parallel["both"](torch.cat(images), self.reversal(step))
        task = self.loss(predicted[: len(labels)].float(), labels)
        confusion = domain_loss(domain[: len(x)].float(), domain[-len(y) :].float())
        self.update("both", task + confusion)
        return {"task_loss": task, "domain_loss": confusion}


class _Both(nn.Module):
    """Task model and domain classifier on the same features, as one network: one forward pass."""

    def __init__(self, task_model: TaskModel, domain_classifier: DomainClassifier):
        super().__init__()
        self.task_model, self.domain_classifier = task_model, domain_classifier

    def forward(self, images: Tensor, reversal: float) -> tuple[Tensor, Tensor]:
        """Predictions and domain logits of (n, 3, H, W)."""
        features = self.task_model.features(images)
        reversed_ = GradientReversal.apply(features, reversal)
        return self.task_model.head(features), self.domain_classifier(reversed_)
