"""Experience of worlds that give a reward themselves, in episodes of any length."""

import numpy as np

from crossgap.errors import CrossgapError
from crossgap.rl.replay import Episode, Replay, Transitions


def discounted(rewards: np.ndarray, discount: float) -> np.ndarray:
    """The return after each step, R_t = r_t + γ R_{t+1}, (T,) float32 of rewards (T,)."""
    returns = np.zeros(len(rewards) + 1)
    for t in reversed(range(len(rewards))):
        returns[t] = rewards[t] + discount * returns[t + 1]
    return returns[:-1].astype(np.float32)


class RewardedReplay(Replay):
    """As `Replay`, without goals: every transition is as likely, with its reward and its return to the end.

    A played episode's last step is its end, also where it is the time that was up: a critic that sees the
    time knows.

    Args:
        capacity: frames.
        discount: γ of the returns.

    Raises:
        CrossgapError: γ is not in [0, 1].
    """

    def __init__(self, capacity: int, discount: float):
        if not 0 <= discount <= 1:
            raise CrossgapError(f"Expected a discount from 0 to 1; got {discount}.")
        super().__init__(capacity, 0.0, lambda achieved, goal: np.zeros(len(goal)))
        self.discount = discount
        self._ends = np.zeros(0, int)

    def add(self, episode: Episode) -> None:
        """As of `Replay`; the episode's rewards have to be there, too."""
        if len(episode.rewards) != len(episode.actions) or not np.isfinite(episode.rewards).all():
            raise CrossgapError(
                f"An episode of {len(episode.actions)} steps needs as many finite rewards; got "
                f"{episode.rewards}."
            )
        super().add(episode)
        self._ends = np.zeros(0, int)

    def _keep(self, episode: Episode) -> None:
        self._episodes.append(episode)
        self._frames += len(episode.frames)
        while self._frames > self.capacity and len(self._episodes) > 1:  # one may be longer than another
            self._frames -= len(self._episodes.pop(0).frames)

    @staticmethod
    def _form(episode: Episode) -> tuple[int, ...]:
        return episode.frames.shape[1:]

    def sample(self, count: int, rng: np.random.Generator) -> Transitions:
        """As of `Replay`."""
        if not self._episodes:
            raise CrossgapError("Nothing to learn from yet: the replay is empty.")
        if not len(self._ends):
            self._ends = np.cumsum([len(episode.actions) for episode in self._episodes])
        places = rng.integers(self._ends[-1], size=count)
        which = np.searchsorted(self._ends, places, side="right")
        chosen = [self._episodes[i] for i in which]
        ends = zip(places, self._ends[which], chosen, strict=True)
        at = [int(place - end + len(one.actions)) for place, end, one in ends]

        def parts(name: str, after: int = 0) -> np.ndarray:
            return np.stack([getattr(one, name)[t + after] for one, t in zip(chosen, at, strict=True)])

        returns = [discounted(one.rewards[t:], self.discount)[0] for one, t in zip(chosen, at, strict=True)]
        return Transitions(
            parts("frames"), parts("frames", 1), parts("states"), parts("states", 1), parts("actions"),
            np.stack([one.goal for one in chosen]), parts("rewards"),
            np.array([t + 1 == len(one.actions) for one, t in zip(chosen, at, strict=True)]),
            np.array(returns, np.float32),
        )  # fmt: skip
