"""Asymmetric DDPG with a bottleneck (seed "Transferring Simulated Learning to Real Robots"; Pinto et al.
2017, "Asymmetric Actor Critic for Image-Based Robot Learning").

The actor sees images, because that is all a real robot has. The critic is needed in training alone, where a
simulator knows the state, so it sees that:

    s_pred = f(o)                    feature extractor: image to position
    a      = π(s_pred, goal)         actor
    Q(s, goal, a)                    critic

    L_c = (Q(s_t, a_t) − r_t − γ Q_T(s_{t+1}, π_T(s_{t+1})))²
    L_a = −E_s[Q(s, π(s))]
    L_f = L_RL + MSE(s, s_pred)      the second term is the bottleneck; L_RL is L_a, through the actor

Q_T, π_T and f_T are target networks, which follow by Polyak averaging.

What a robot measures itself, such as how far its gripper is open, is no business of f: s_pred is then f(o)
and these numbers. A policy that measures all of the state needs no f: the privileged one.

Where there are demonstrations (Nair et al. 2018, "Overcoming exploration in reinforcement learning with
demonstrations"), L_a has λ_BC L_BC added, imitation where the critic finds the demonstrated action better.

Where f begins with a regression on images of known positions, these can stay in the bottleneck: a replay
holds few looks, and what f knows of others it forgets.
"""

import copy

import numpy as np
import torch
from torch import Tensor, nn

from crossgap.core.fabric import keep_freed_memory
from crossgap.core.trainer import adam
from crossgap.data.batches import image_tensor, moved
from crossgap.losses import actor_loss, bottleneck_loss, cloning_loss, critic_loss
from crossgap.methods.asymmetric_ddpg.config import DDPGConfig
from crossgap.rl.collection import Act, Observation, View
from crossgap.rl.learner import Learner, Networks, QFunction
from crossgap.rl.replay import Transitions


class AsymmetricDDPG(Learner):
    """The learner. From here on the process keeps memory that it frees: `keep_freed_memory`.

    Args:
        extractor: f, images to predicted positions; none where the policy measures all of the state.
        actor: π.
        critic: Q, a `QFunction` of state, goal and action.
        config: settings.
        lowest_return: no return can be below, and the critic's targets are cut to it; −1 / (1 − γ) with a
            sparse reward of −1 and 0.
        device: where it learns.
        measured: how many numbers of the state, its last, the policy measures itself.
        cloning_weight: λ_BC, of the imitation of demonstrations.
    """

    def __init__(
        self, extractor: nn.Module | None, actor: nn.Module, critic: nn.Module, config: DDPGConfig,
        lowest_return: float, device: str | torch.device = "cpu", measured: int = 0,
        cloning_weight: float = 0.0,
    ):  # fmt: skip
        keep_freed_memory()  # batches of images are large: without it an update takes a quarter longer
        self.config, self.lowest_return, self.device = config, lowest_return, torch.device(device)
        self.measured, self.cloning_weight = measured, cloning_weight
        networks = {"actor": actor, "critic": critic}
        if extractor is not None:
            networks["extractor"] = extractor
        self.networks = nn.ModuleDict(networks).to(device)
        self.targets = copy.deepcopy(self.networks).requires_grad_(False)
        self.name, self.learning_rate = "asymmetric_ddpg", config.learning_rate
        policy = [*([] if extractor is None else extractor.parameters()), *actor.parameters()]
        self.optimizers = {
            "policy": adam(policy, config.learning_rate),
            "critic": adam(critic.parameters(), config.learning_rate),
        }

    def policy(self, view: View) -> Act:
        """What actor and extractor do now."""

        def act(observation: Observation) -> np.ndarray:
            states = view.states(observation)
            measured = states[:, states.shape[1] - self.measured :]
            return self.act(view.frames(observation), view.goals(observation), measured)

        return act

    @torch.no_grad()
    def act(self, frames: np.ndarray, goals: np.ndarray, measured: np.ndarray | None = None) -> np.ndarray:
        """Actions (n, a) float32 of images (n, H, W, C) uint8, scaled goals (n, g) and what the robot
        measures itself, (n, `measured`), by default nothing."""
        goal = moved(np.asarray(goals, np.float32), self.device)
        known = goal[:, :0] if measured is None else moved(measured, self.device)
        return self.networks["actor"](self._seen(self.networks, frames, known), goal).cpu().numpy()

    def update(
        self, batch: Transitions, demonstrated: int = 0, labelled: tuple[Tensor, Tensor] | None = None
    ) -> dict[str, Tensor]:  # fmt: skip
        """One step of the critic, then one of actor and extractor, then of the target networks.

        Args:
            batch: states and goals scaled as the networks see them.
            demonstrated: how many of its transitions, the last, are an expert's.
            labelled: images (n, C, H, W) in [-1, 1] and what f should say of them, (n, k), for the
                bottleneck besides those of the batch; only for a policy with an extractor.

        Returns:
            The losses, on the device: to read one waits for all that is under way there.
        """
        state, next_state, action, goal, reward = (
            moved(np.asarray(part, np.float32), self.device)
            for part in (batch.states, batch.next_states, batch.actions, batch.goals, batch.rewards)
        )
        losses = {"critic": self._critic_loss(state, action, goal, reward, batch.next_frames, next_state)}
        self.descend("critic", losses["critic"])
        losses |= self._policy_losses(batch.frames, state, goal, action[len(action) - demonstrated :])
        if labelled is not None:
            images, positions = labelled
            losses["labelled"] = bottleneck_loss(self.trained["extractor"](images), positions)
        weights = {
            "actor": 1.0, "action_cost": self.config.action_cost, "cloning": self.cloning_weight,
            "bottleneck": self.config.bottleneck_weight, "labelled": self.config.bottleneck_weight,
        }  # fmt: skip
        policy = [weights[name] * loss for name, loss in losses.items() if weights.get(name)]
        self.descend("policy", torch.stack(policy).sum())
        with torch.no_grad():
            for target, network in zip(self.targets.parameters(), self.networks.parameters(), strict=True):
                target.lerp_(network, 1 - self.config.polyak)
        return {name: loss.detach() for name, loss in losses.items()}

    def extra_state(self) -> dict[str, Tensor]:
        """The target networks' weights, for checkpoints."""
        return self.targets.state_dict()

    def load_extra_state(self, state: dict[str, Tensor]) -> None:
        """Take them back."""
        self.targets.load_state_dict(state)

    def _critic_loss(
        self, state: Tensor, action: Tensor, goal: Tensor, reward: Tensor, next_frames: np.ndarray,
        next_state: Tensor,
    ) -> Tensor:  # fmt: skip
        with torch.no_grad():
            next_action = self.targets["actor"](self._seen(self.targets, next_frames, next_state), goal)
            worth = self.targets["critic"](next_state, goal, next_action)
            wanted = (reward + self.config.discount * worth).clamp(self.lowest_return, 0.0)
        return critic_loss(self.trained["critic"](state, goal, action), wanted)

    def _policy_losses(
        self, frames: np.ndarray, state: Tensor, goal: Tensor, demonstrated: Tensor
    ) -> dict[str, Tensor]:  # fmt: skip
        seen = self._seen(self.trained, frames, state)
        action = self.trained["actor"](seen, goal)
        critic: QFunction = self.networks["critic"].requires_grad_(False)
        worth = critic(state, goal, action)
        losses = {"actor": actor_loss(worth), "action_cost": action.square().mean()}
        if "extractor" in self.networks:
            predicted = seen.shape[1] - self.measured
            losses["bottleneck"] = bottleneck_loss(seen[:, :predicted], state[:, :predicted])
        if len(demonstrated):
            of_expert = slice(len(action) - len(demonstrated), None)
            experts_worth = critic(state[of_expert], goal[of_expert], demonstrated)
            better = experts_worth > worth[of_expert]
            losses["cloning"] = cloning_loss(action[of_expert], demonstrated, better)
        self.networks["critic"].requires_grad_(True)
        return losses

    def _seen(self, networks: Networks, frames: np.ndarray, state: Tensor) -> Tensor:
        """What the policy knows of the state: f(o), and what the robot measures itself."""
        measured = state[:, state.shape[1] - self.measured :]
        if "extractor" not in networks:
            return measured
        return torch.cat([networks["extractor"](image_tensor(frames, self.device)), measured], 1)
