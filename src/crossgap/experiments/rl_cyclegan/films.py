"""Films of policies in the first bins of their test: what each sees, where it grasps, what comes of it.

And of a script's episodes, beside their translations.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from PIL import ImageDraw

from crossgap.data.contact_sheet import enlarge
from crossgap.deploy.videos import write_video
from crossgap.experiments.rl_cyclegan.bins import AT_ONCE, measured
from crossgap.experiments.rl_cyclegan.frames import GOOD, INK, POOR, SIDE, framed
from crossgap.experiments.rl_cyclegan.translated import Goggled
from crossgap.rl.collection import TEST_GOALS, Act, View, World, nothing, play_goals
from crossgap.rl.replay import Episode
from crossgap.simulation.grasping import IIWA_GRASP
from crossgap.simulation.grasping.environment import STEPS, GraspEnv, target_pose
from crossgap.simulation.grasping.once import grasp_pose
from crossgap.simulation.grasping.physics import OPEN
from crossgap.simulation.grasping.script import Script

BINS, PART = 12, 20
"""How many attempts a film shows, the first ones of the test: so many, of a short test one of so many."""
EVERY = 6
"""Steps of the physics from one image of a motion to the next, 5 ms each: a third of the speed."""
BEFORE, AFTER = 6, 10
"""Images for which a film stands still before an attempt's first motion, and after its last."""
SCRIPTED, SEEN = 25, 64
"""Attempts of the script among which those are that succeed, and the width of what networks see, pixels."""
Pose = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""What an action means: of what the robot measures (7,) and the action, tool point and yaw (4,)."""


def pose_once(felt: np.ndarray, action: np.ndarray) -> np.ndarray:
    """Of one decision."""
    del felt
    return grasp_pose(action)


def pose_of_step(felt: np.ndarray, action: np.ndarray) -> np.ndarray:
    """Of one of many steps."""
    return target_pose(felt[:4], action)


@dataclass(frozen=True)
class Step:
    """A motion."""

    fingers: np.ndarray
    """Where in the image the fingers are to go, (2, 2): to the right and downwards, from 0 to 1."""
    images: list[np.ndarray]
    """Of the motion, (side, side, 3) uint8 each; of an attempt's first one, that before it, too."""


def replayed(world: World, seed: int, episode: Episode, pose: Pose, side: int = SIDE) -> Iterator[Step]:
    """The steps of an attempt, played again from its actions: the same bin and motions, drawn at any size.

    Args:
        world: where it was played.
        seed: its bin.
        episode: its actions, and what the robot measured.
        pose: what an action means.
        side: width and height of the images, pixels.
    """
    about: dict[str, Any] = world.seen | {"size": side, "cameras": ()}
    env = gymnasium.make(world.env_id, disable_env_checker=True, **about).unwrapped
    assert isinstance(env, GraspEnv)
    env.reset(seed=seed)
    images = [env.render()]
    for felt, action in zip(episode.states, episode.actions, strict=False):
        hand = pose(felt, action)
        across = OPEN / 2 * np.array([-np.sin(hand[3]), np.cos(hand[3]), 0])
        fingers = env.seen_at(hand[:3] + np.stack([across, -across]))
        env.watched(_every(EVERY, lambda images=images: images.append(env.render())))
        env.step(action)
        yield Step(fingers, [*images, env.render()])
        images = []


def _every(count: int, do: Callable[[], Any]) -> Callable[[], None]:
    """Do something every so many times that this is called."""
    calls = 0

    def called() -> None:
        nonlocal calls
        calls += 1
        if calls % count == 0:
            do()

    return called


def attempts(world: World, act: Act, of: int, steps: int = 1) -> list[tuple[int, Episode, bool]]:
    """The first test attempts, played as by `bins.played`: seed, episode and whether it succeeded. Arguments
    as of `film_policy`."""
    at_once, count = math.gcd(AT_ONCE, of), min(BINS, -(-of // PART))
    found: list[tuple[int, Episode, bool]] = []
    with replace(world, engine="here").pool(at_once) as pool:
        for first in range(TEST_GOALS, TEST_GOALS + count, at_once):
            episodes, ended = play_goals(pool, act, range(first, first + at_once), steps, world.view)
            found += [(end["seed"], e, end["success"]) for e, end in zip(episodes, ended, strict=True)]
    return found[:count]


def film_policy(
    path: Path, title: str, world: World, act: Act, pose: Pose, of: int, steps: int = 1
) -> Path:  # fmt: skip
    """Film a policy in the first test bins, as `bins.played` has it play there; the MP4's path.

    From left to right: the image that the camera takes, with where the fingers are to go; where the policy
    is `Goggled`, what its Q sees in its place; and what happens, drawn larger than the camera's image.

    Args:
        path: the MP4 to write.
        title: of the policy.
        world: where.
        act: the policy.
        pose: what its actions mean.
        of: how many test attempts it has.
        steps: of an attempt at most.
    """
    see = act.see if isinstance(act, Goggled) else None

    def frames() -> Iterator[np.ndarray]:
        for number, (seed, episode, success) in enumerate(attempts(world, act, of, steps), 1):
            head = f"{title}  ·  test bin {number} of {of}"
            yield from _attempt(head, episode, see, replayed(world, seed, episode, pose), success)

    return write_video(path, frames())


def _attempt(
    head: str, episode: Episode, see: Callable[[np.ndarray], np.ndarray] | None, steps: Iterator[Step],
    success: bool,
) -> Iterator[np.ndarray]:  # fmt: skip
    """The frames of one attempt."""
    seen = episode.frames[: len(episode.actions)]
    shown = {"the camera's image": seen} | ({"what Q sees": see(seen)} if see else {})
    still: dict[str, np.ndarray] = {}
    for number, step in enumerate(steps):
        still = {name: marked(images[number], step.fingers) for name, images in shown.items()}
        for index, image in enumerate(step.images):
            for _ in range(BEFORE if index == number == 0 else 1):
                yield framed(head, still | {"the grasp": image})
        still["the grasp"] = step.images[-1]
    outcome = ("holds something", GOOD) if success else ("holds nothing", POOR)
    for _ in range(AFTER):
        yield framed(head, still, *outcome)


def marked(image: np.ndarray, fingers: np.ndarray) -> np.ndarray:
    """An image (H, W, 3) uint8, enlarged to `SIDE`, with where two fingers (2, 2) are to go and a line
    between."""
    large = enlarge(image, SIDE)
    draw, (one, other) = ImageDraw.Draw(large), (tuple(map(float, point)) for point in fingers * large.width)
    for width, colour in ((6, INK), (2, "white")):
        draw.line([one, other], colour, width)
        for x, y in (one, other):
            draw.ellipse([x - 3 - width / 2, y - 3 - width / 2, x + 3 + width / 2, y + 3 + width / 2], colour)
    return np.asarray(large)


def script_episodes(setup: str, count: int) -> list[list[Step]]:
    """The steps of attempts of the script in many steps that succeed, in simulation, as small as networks see
    them; fewer where it does not succeed as often.

    Args:
        setup: which bins there are, and where robot and camera stand.
        count: how many.
    """
    about = {"look": "source", "setup": setup, "cameras": ()}
    world = World(IIWA_GRASP, View(nothing, measured), seen=about, engine="here")
    seeds = range(TEST_GOALS, TEST_GOALS + SCRIPTED)
    with world.pool(SCRIPTED) as pool:
        episodes, ended = play_goals(pool, Script(np.random.default_rng(0)), seeds, STEPS, world.view)
    won = [(end["seed"], e) for e, end in zip(episodes, ended, strict=True) if end["success"]][:count]
    return [list(replayed(world, seed, episode, pose_of_step, SEEN)) for seed, episode in won]


def film_translations(
    path: Path, episodes: Sequence[Sequence[Step]], draws: Mapping[str, Callable[[np.ndarray], np.ndarray]]
) -> Path:
    """Film episodes beside what translators make of every image; the MP4's path.

    Args:
        path: the MP4 to write.
        episodes: each of its steps.
        draws: by a title: what it makes of images (n, H, W, 3) uint8.
    """

    def frames() -> Iterator[np.ndarray]:
        for number, steps in enumerate(episodes, 1):
            images = np.stack([image for step in steps for image in step.images])
            shown = {"simulated: x": images} | {title: draw(images) for title, draw in draws.items()}
            for index in (*[0] * BEFORE, *range(len(images)), *[-1] * AFTER):
                row = {title: np.asarray(enlarge(each[index], SIDE)) for title, each in shown.items()}
                yield framed(f"episode {number} of {len(episodes)}, by a script", row)

    return write_video(path, frames())
