"""`crossgap goggles`: a translator in front of a policy that stays as it is."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from crossgap.base.files import write_json
from crossgap.base.progress import command, counted, say, say_next
from crossgap.base.records import as_json
from crossgap.commands.frames import read_frames
from crossgap.commands.options import GogglesOptions
from crossgap.commands.preparing import Preparing, numbers
from crossgap.core.fabric import hardware, single_process
from crossgap.core.runs import check_seed, lock_run, open_run, start, timed
from crossgap.core.statistics import t_interval
from crossgap.core.trainer import SAMPLES, Trainer
from crossgap.data.observations import Observations
from crossgap.data.overlap import say_held_out, without_held_out
from crossgap.data.sizes import written
from crossgap.data.subsets import check_share, hold_out
from crossgap.deploy.adapted import AdaptedModel
from crossgap.errors import CrossgapError
from crossgap.evaluation.labels import episode_means
from crossgap.evaluation.own_units import difference
from crossgap.methods.goggles import GogglesConfig
from crossgap.methods.goggles.recipe import NAME, Given, GogglesTraining, reference_of
from crossgap.networks.factory import here_on_path, imported

RESULT = "goggles.json"
POOR = 0.5
"""Error on simulated frames from which on something is wrong with what the policy is fed: 1 knows nothing."""


def train_goggles(options: GogglesOptions, config: GogglesConfig) -> Path:
    """Train goggles for a policy in a run folder; the model's folder, `<output>/models/goggles`.

    Killed and started again, it goes on where it was.

    Raises:
        CrossgapError: the policy or a data set is not there or does not fit, or the folder holds another run.
    """
    here_on_path()
    seed, fabric = check_seed(options.seed), single_process(options.device, options.precision)
    loss = None if options.loss is None else imported(options.loss)
    low, high = _range(options)
    preparing = Preparing(options.images)
    read = partial(read_frames, options, preparing)
    source = read("source", options.source, labelled=None)
    actions = source.action_names
    target = read("target", options.target, labelled=options.target_labels == "all", like=actions)
    further = None if options.unlabelled is None else read("target", options.unlabelled, labelled=False)
    preparing.report()
    kept, test = _held_out(target, options.held_out, seed)
    if test is not None:
        further = further and without_held_out(further, test)
        say_held_out({"source": source, "target": kept}, test)
    policy = reference_of(options.policy, _path(options.weights), source, low, high).load(fabric.device)
    given = Given(source, kept, further)
    goggles = GogglesTraining(policy, given, config, Trainer(options.output, fabric, seed), loss)
    settings = {
        "experiment": NAME, "policy": policy.about.to_json() | {"sha256": policy.digest()},
        "source": source.describe(), "target": kept.describe(),
        "unlabelled": None if further is None else further.describe(), "size": written(source.size),
        "loss": options.loss, "seed": seed, **hardware(fabric), "config": as_json(asdict(config)),
    }  # fmt: skip
    lock_run(open_run(options.output, settings))
    start(options.output, seed=seed, **hardware(fabric))
    _say_source(goggles, source)
    path = options.output / "models" / NAME
    if not path.exists():
        with timed(options.output, f"train {NAME}"):
            model = goggles.train(preparing.decided().get("target"))
        model.made_of = {key: settings[key] for key in ("source", "target", "unlabelled", "seed", "config")}
        model.save(path)
    model = AdaptedModel.load(path, fabric.device)
    _say_model(options.output, path, _judged(options.output, goggles, model, test))
    return path


def _range(options: GogglesOptions) -> tuple[float, float]:
    low, high = numbers({"pixels": options.pixels}, "pixels", 2, float, "LOW,HIGH: black and white") or (0, 1)
    if not low < high:
        raise CrossgapError(f"--pixels {options.pixels}: expected black below white, such as 0,1 or -1,1.")
    return low, high


def _path(weights: Path | None) -> str | None:
    return None if weights is None else str(weights.resolve())


def _held_out(target: Observations, share: float, seed: int) -> tuple[Observations, Observations | None]:
    """Labelled frames to train on, and those of other episodes to judge by, where there are enough."""
    check_share(share)
    if not target.actions.shape[1]:
        return target, None
    if len(np.unique(target.episodes)) < 3:
        say("Fewer than 3 labelled episodes: none is held out, and no error can be told.")
        return target, None
    held = hold_out(target.episodes, share, seed)
    return target.select(~held), target.select(held)


def _say_source(goggles: GogglesTraining, source: Observations) -> None:
    """Whether the policy knows its own domain: else it is fed otherwise than it was trained."""
    if goggles.task is None or source.actions.shape[1] != goggles.given.target.actions.shape[1]:
        return
    error = float(goggles.errors(source.select(np.arange(min(500, len(source))))).mean())
    say(f"The policy on simulated frames: squared error {error:.3f} of the action's spread (1 knows nothing)")
    if error > POOR:
        say(
            "That is poor for its own domain. Is it fed as it was trained? --pixels says black and white, "
            "--cameras their order, --state its columns; colours are red, green, blue."
        )


def _judged(
    run: Path, goggles: GogglesTraining, model: AdaptedModel, test: Observations | None
) -> dict[str, Any]:
    """The policy on held-out frames without and with goggles, and the difference, each the mean of episodes'
    means with an interval; written into the run folder."""
    if test is None:
        return {}
    found: dict[str, Any] = {"frames": len(test), "episodes": len(np.unique(test.episodes))}
    means = {}
    for name, translate in (("without", None), ("with", model.translate)):
        means[name] = episode_means(goggles.errors(test, translate), test.episodes, f"{name} goggles")
        low, high = t_interval(means[name])
        about = {"value": float(means[name].mean()), "low": low, "high": high}
        found[name] = about | goggles.off(test, translate)
    found["difference"] = difference(means["with"], means["without"])
    write_json(run / RESULT, found)
    return found


def _compared(off: dict[str, Any]) -> str:
    """Whether the policy is better with goggles, in words."""
    if off["low"] is None:
        return f"the error is {off['value']:+.3g} with goggles; too few to say more."
    by = f"{off['value']:+.3g} ({off['low']:+.3g} to {off['high']:+.3g})"
    if off["low"] <= 0 <= off["high"]:
        return f"it is not shown that goggles help: the error changes by {by}, which is within noise."
    return (
        f"the policy is {'better' if off['high'] < 0 else 'worse'} with goggles: the error changes by {by}."
    )


def _say_model(run: Path, path: Path, judged: dict[str, Any]) -> None:
    """Where the goggles are, what they are worth, and what to type next."""
    say(f"Goggles: {path}")
    if judged:
        said = {name: judged[name] for name in ("without", "with")}
        for name, one in said.items():
            each = ", ".join(
                f"{key} {value:.3g}" for key, value in one.items() if key not in ("value", "low", "high")
            )
            say(f"{name} goggles: squared error {one['value']:.3f}" + (f"; absolute: {each}" if each else ""))
        frames, episodes = counted(judged["frames"], "frame"), counted(judged["episodes"], "held-out episode")
        say(f"On {frames} of {episodes} {_compared(judged['difference'])}")
    else:
        say("No labelled frames were held out: whether the policy acts better, images alone do not say.")
    if sheets := sorted((run / SAMPLES / NAME).glob("*.png")):
        say(f"What it sees: {sheets[-1]}")
    say_next({"Next, pictures through the goggles": command("translate", path, "FOLDER", "OUT")})
