"""Off-policy data: episodes that something else than the learner has played, such as a script."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from crossgap.base.progress import progress_bar
from crossgap.core.runs import same_setup
from crossgap.rl.collection import FIRST_EPISODE, Act, World, play
from crossgap.rl.replay import Episode, read_episodes, write_episodes

Script = Callable[[np.random.Generator], Act]
"""Makes what plays a round of episodes, whose random numbers it is given."""
SCRIPTED = 1_000_003
"""The name of its streams of random numbers, beside those of the rounds; see `stream`."""


@dataclass(frozen=True)
class Scripted:
    """What a folder's episodes are of; how many there are is not of it, nor can be what the script is."""

    env_id: str = ""
    """As of `World`, like the next two."""
    seen: dict[str, Any] = field(default_factory=dict)
    varied: dict[str, Any] = field(default_factory=dict)
    steps: int = 0
    """As of `scripted_episodes`, like the next two."""
    environments: int = 0
    seed: int = 0


def scripted_episodes(
    folder: Path, world: World, script: Script, count: int, steps: int, environments: int, seed: int,
    quiet: bool = False,
) -> list[Episode]:  # fmt: skip
    """Episodes of a script; those that are in the folder are not played again.

    Args:
        folder: that they are kept in, a file for each round of the environments.
        world: where.
        script: what plays.
        count: how many.
        steps: of an episode at most.
        environments: that are played in at the same time.
        seed: of all of it.
        quiet: no progress bar.

    Raises:
        CrossgapError: the folder has episodes of another world, length, seed or number of environments; a
            file is damaged, the disk is full, or an environment failed.
    """
    same_setup(folder, Scripted(world.env_id, world.seen, world.varied, steps, environments, seed))
    rounds = -(-count // environments)
    paths = [folder / f"{number:05d}.npz" for number in range(rounds)]
    missing = [number for number, path in enumerate(paths) if not path.exists()]
    if missing:
        with (
            world.pool(environments, **world.varied) as pool,
            progress_bar("play the script", rounds, rounds - len(missing), quiet=quiet) as advance,
        ):
            for number in missing:
                rng = np.random.default_rng([seed, SCRIPTED, number])
                seeds = [int(one) for one in rng.integers(FIRST_EPISODE, 2**31, environments)]
                episodes, _ = play(pool, script(rng), seeds, steps, world.view)
                write_episodes(paths[number], episodes)
                advance(1)
    return [episode for path in paths for episode in read_episodes(path)][:count]
