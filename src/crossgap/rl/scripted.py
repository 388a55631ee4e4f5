"""Off-policy data: episodes that something else than the learner has played, such as a script."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from crossgap.base.files import read_json
from crossgap.base.progress import progress_bar, say
from crossgap.core.runs import SETUP, same_setup
from crossgap.rl.collection import FIRST_EPISODE, Act, View, World, play
from crossgap.rl.replay import Episode, read_episodes, write_episodes

Script = Callable[[np.random.Generator], Act]
"""Makes what plays a round of episodes, whose random numbers it is given."""
SCRIPTED = 1_000_003
"""The name of its streams of random numbers, beside those of the rounds; see `stream`."""


@dataclass(frozen=True)
class Scripted:
    """What a folder's episodes are of; how many there are is not of it."""

    env_id: str = ""
    """As of `World`, like the next two."""
    seen: dict[str, Any] = field(default_factory=dict)
    varied: dict[str, Any] = field(default_factory=dict)
    steps: int = 0
    """As of `scripted_episodes`, like the next two."""
    environments: int = 0
    seed: int = 0
    script: str = ""
    """Who plays, by name: what a function does can change without it."""
    view: dict[str, str] = field(default_factory=dict)
    """What is kept of what is seen, by the names of the view's functions."""
    weights: str = ""
    """As of `scripted_episodes`."""


def scripted_episodes(
    folder: Path, world: World, script: Script, count: int, steps: int, environments: int, seed: int,
    quiet: bool = False, weights: str = "",
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
        weights: digest of the weights that a script acts by, where it has any.

    Raises:
        CrossgapError: the folder has episodes of another world, view, script, length, seed or number of
            environments; a file is damaged, the disk is full, an environment failed, or an episode is cut
            short.
    """
    about = Scripted(
        world.env_id, world.seen, world.varied, steps, environments, seed, name_of(script),
        names_of(world.view), weights,
    )  # fmt: skip
    same_setup(folder, _as_far_as_told(folder, about))
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


def name_of(made: Callable[..., Any]) -> str:
    """The name of a function or of a class of such, without its module's, which may move."""
    if isinstance(made, partial):
        given = [repr(one) for one in made.args] + [f"{key}={one!r}" for key, one in made.keywords.items()]
        return f"{name_of(made.func)}({', '.join(given)})"
    return getattr(made, "__qualname__", type(made).__qualname__)


def names_of(view: View) -> dict[str, str]:
    """The names of a view's functions."""
    return {one.name: name_of(getattr(view, one.name)) for one in fields(view)}


def _as_far_as_told(folder: Path, about: Scripted) -> Scripted:
    """What a folder is compared with: all, but for what its record, of before that was noted, does not tell.
    What it does not tell is taken to be right, with a line that says so."""
    if not (path := folder / SETUP).exists():
        return about
    found, former = read_json(path, "setup", dict), Scripted()
    untold = {
        name: getattr(former, name) for name in ("script", "view", "weights")
        if name not in found and getattr(about, name) != getattr(former, name)
    }  # fmt: skip
    if untold:
        say(
            f"{folder} does not tell its {', '.join(untold)}: it was recorded before that was noted. Its "
            f"episodes are taken for those of {about.script}; remove it to have them played anew."
        )
    return replace(about, **untold)
