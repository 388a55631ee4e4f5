"""The pictures and films of a gap, and of QT-Opt in many steps, of what is trained and tested already."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from crossgap.base.files import once
from crossgap.experiments.rl_cyclegan.bins import EYES
from crossgap.experiments.rl_cyclegan.films import (
    Step,
    film_policy,
    film_translations,
    pose_of_step,
    pose_once,
    script_episodes,
)
from crossgap.experiments.rl_cyclegan.many_steps import ManyTrial
from crossgap.experiments.rl_cyclegan.methods import GENERATORS, METHODS, q_real, rl_cyclegan
from crossgap.experiments.rl_cyclegan.q_maps import mapped
from crossgap.experiments.rl_cyclegan.tables import TITLES
from crossgap.experiments.rl_cyclegan.trial import OnceTrial

COLUMNS = 8
"""Of pictures."""
VIDEOS = "videos"
"""The folder of a gap's films."""
TRANSLATED = "cyclegan", "rl_cyclegan"
"""Methods that episodes are translated by."""
EPISODES = 3
"""How many of them a film shows."""
Images = dict[str, np.ndarray]
"""Rows of pictures (n, H, W, 3) uint8 by their title."""


def sheet(trial: OnceTrial, methods: Sequence[str]) -> Images:
    """Simulated bins, what the translators of methods make of them, real bins, and where Q would grasp.
    Nothing where none of the methods has a translator."""
    if not (draws := _draws(trial, GENERATORS, methods)):
        return {}
    frames = np.stack([one.frames[0] for one in trial.source[:COLUMNS]])
    rows = {"simulated: x": frames} | {title: draw(frames) for title, draw in draws.items()}
    real = trial.real[:COLUMNS]
    rows["real: y"] = np.stack([one.frames[0] for one in real])
    if trial.gap.setup == "robot_1" and {"source_only", "rl_cyclegan"} <= set(methods):
        learnt = q_real(rl_cyclegan(trial))
        for title, learner in (("simulation", trial.source_q), ("RL-CycleGAN", learnt)):
            rows[f"Q of {title} at each place of y: red is likely to succeed"] = mapped(learner, real)
    return rows


def _draws(
    trial: OnceTrial, of: Iterable[str], methods: Sequence[str]
) -> dict[str, Callable[[np.ndarray], np.ndarray]]:  # fmt: skip
    """By a row's title: what G of a method makes of images."""

    def draw(name: str) -> Callable[[np.ndarray], np.ndarray]:
        generator = GENERATORS[name](trial)
        return lambda frames: trial.translated(generator, frames)

    return {f"{TITLES[name].partition(':')[0]}: G(x)": draw(name) for name in of if name in methods}


def episode_pictures(trial: OnceTrial, methods: Sequence[str]) -> Images:
    """Moments of an episode in many steps, and what the translators of `TRANSLATED` make of them; some
    episodes are filmed, too: `episode_film`. Nothing where none of these is among the methods.

    No translator has seen a hand above a bin: they learn from bins before a grasp.
    """
    draws = _draws(trial, TRANSLATED, methods)
    if not draws or not (episodes := script_episodes(trial.gap.setup, EPISODES)):
        return {}
    path, where = episode_film(trial), trial.gap.tests[0]
    tests = [trial.evaluation(f"{name}_{where}") for name in TRANSLATED if name in methods]
    _filmed(path, tests, lambda: film_translations(path, episodes, draws))
    frames = moments(episodes[0])
    return {"simulated: x": frames} | {title: draw(frames) for title, draw in draws.items()}


def episode_film(trial: OnceTrial) -> Path:
    """Where that film is, `<gap>/videos/episodes.mp4`."""
    return trial.folder / VIDEOS / "episodes.mp4"


def moments(steps: Sequence[Step]) -> np.ndarray:
    """An episode before its first motion and after every one, of more than `COLUMNS` evenly many."""
    images = [steps[0].images[0], *(step.images[-1] for step in steps)]
    shown = np.linspace(0, len(images) - 1, min(COLUMNS, len(images))).round().astype(int)
    return np.stack([images[index] for index in shown])


def films(trial: OnceTrial, methods: Sequence[str]) -> list[Path]:
    """A film of each method in each of the gap's tests, `<gap>/videos/<method>.mp4`."""
    found = []
    for name in methods:
        for where in trial.gap.tests:
            end = "" if len(trial.gap.tests) == 1 else f"_{where}"
            path = trial.folder / VIDEOS / f"{name}{end}.mp4"

            def film(name: str = name, where: str = where, path: Path = path) -> Path:
                act, world = METHODS[name](trial), trial.test_world(where)
                return film_policy(path, TITLES[name], world, act, pose_once, trial.preset.grasps)

            found.append(_filmed(path, [trial.evaluation(f"{name}_{where}")], film))
    return found


def many_film(trial: ManyTrial) -> Path:
    """The film of QT-Opt in many steps, `many_steps/videos/qt_opt.mp4`."""
    path, size = trial.folder / VIDEOS / "qt_opt.mp4", trial.preset

    def film() -> Path:
        act, steps = trial.training().run().policy(EYES), size.loop.episode_steps
        world = trial.world(unseen=True)
        return film_policy(path, TITLES["qt_opt"], world, act, pose_of_step, size.grasps, steps)

    return _filmed(path, [trial.evaluation], film)


def _filmed(path: Path, tests: Sequence[Path], film: Callable[[], Path]) -> Path:
    """A film that is made once, and anew where it is gone, or where its policies' evaluations are others."""
    about = path.with_suffix(".json")
    if not path.exists():
        about.unlink(missing_ok=True)
    of = {test.stem: hashlib.sha256(test.read_bytes()).hexdigest() for test in tests}
    once(about, lambda: {"film": film().name}, "film", of=lambda: of)
    return path
