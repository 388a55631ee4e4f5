"""QT-Opt's two target networks, which both follow the critic at a distance."""

import copy

import torch
from torch import Tensor

from crossgap.networks.q_functions import ImageQ
from crossgap.rl.cross_entropy import ActionForm, Search


class LaggedTargets:
    """θ̄₁, the mean of the critic's weights over the last updates, and θ̄₂, which is θ̄₁ some time ago.

    Where they disagree, V is the smaller (Kalashnikov et al. 2018, section 4.2), so that errors are not
    chased upwards.

    Args:
        critic: what they follow, of which they are copies.
        polyak: share of the old mean that θ̄₁ keeps at an update.
        lag: θ̄₂ is θ̄₁ from `lag` to 2 · `lag` updates ago.
    """

    def __init__(self, critic: ImageQ, polyak: float, lag: int):
        self.polyak, self.lag, self.updates = polyak, lag, 0
        self.mean, self.lagged, self._next = (copy.deepcopy(critic).requires_grad_(False) for _ in range(3))

    @torch.no_grad()
    def follow(self, critic: ImageQ) -> None:
        """After an update of the critic."""
        for mean, weight in zip(self.mean.parameters(), critic.parameters(), strict=True):
            mean.lerp_(weight, 1 - self.polyak)
        self.updates += 1
        if self.updates % self.lag == 0:
            self.lagged.load_state_dict(self._next.state_dict())
            self._next.load_state_dict(self.mean.state_dict())

    @torch.no_grad()
    def value(
        self, images: Tensor, numbers: Tensor, search: Search, form: ActionForm, generator: torch.Generator
    ) -> Tensor:  # fmt: skip
        """V(s), the smaller of both Q(s, argmax_a Q_θ̄₁(s, a)), (n,) in (0, 1).

        Args:
            images: (n, 3, H, W) in [-1, 1].
            numbers: what is measured, (n, m).
            search: for the best action.
            form: of an action.
            generator: of the search.
        """
        action, worth = best_action(self.mean, images, numbers, search, form, generator)
        return torch.minimum(worth, self.lagged(images, numbers, action)).sigmoid()

    def state(self) -> dict[str, Tensor]:
        """Their weights, for checkpoints and for others that compute values."""
        networks = {"mean": self.mean, "lagged": self.lagged, "next": self._next}
        weights = {f"{name}.{k}": v for name, one in networks.items() for k, v in one.state_dict().items()}
        return weights | {"updates": torch.tensor(self.updates)}

    def load_state(self, state: dict[str, Tensor]) -> None:
        """Take them back."""
        for name, network in (("mean", self.mean), ("lagged", self.lagged), ("next", self._next)):
            start = f"{name}."
            network.load_state_dict(
                {k.removeprefix(start): v for k, v in state.items() if k.startswith(start)}
            )
        self.updates = int(state["updates"])


def best_action(
    critic: ImageQ, images: Tensor, numbers: Tensor, search: Search, form: ActionForm,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The best action for each image that a search finds, (n, a), and its logit, (n,).

    The images are looked at once, whatever the search tries. Arguments as of `LaggedTargets.value`.
    """
    with torch.no_grad():
        seen = critic.see(images)
        return search.best(lambda actions: critic.judge(seen, numbers, actions), len(images), form, generator)
