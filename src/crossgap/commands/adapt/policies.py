"""`crossgap adapt` of a network of the user's own that sees several cameras or a state: a policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn
from torch.nn.parameter import UninitializedParameter

from crossgap.base.files import write_json
from crossgap.base.progress import command, say, say_next
from crossgap.base.records import as_json
from crossgap.commands.adapt.choice import RIVAL
from crossgap.commands.adapt.place import find_place
from crossgap.commands.adapt.policy_record import policy_record, tested
from crossgap.commands.adapt.say import counts, result_table, say_findings, sentences
from crossgap.commands.adapt.split import FEWEST, split
from crossgap.commands.evaluate.tables import print_table
from crossgap.commands.frames import read_frames
from crossgap.commands.options import AdaptOptions
from crossgap.commands.preparing import Preparing
from crossgap.core.fabric import hardware, single_process
from crossgap.core.runs import check_seed, lock_run, open_run, start, timed
from crossgap.core.trainer import Trainer
from crossgap.core.weights import tensors_digest
from crossgap.data.folder import has_labels
from crossgap.data.observations import Observations
from crossgap.data.overlap import keep_seen, say_held_out, without_held_out, without_known
from crossgap.data.sizes import written
from crossgap.errors import CrossgapError, check_known, find
from crossgap.methods.co_trained import CoTrainingConfig
from crossgap.methods.config import SupervisedConfig
from crossgap.methods.goggles import GogglesConfig
from crossgap.methods.goggles.recipe import Given, reference_of
from crossgap.methods.goggles.rivals import PolicyAdaptation, PolicyConfig
from crossgap.networks.factory import from_factory, here_on_path, own_loss
from crossgap.report.adaptation import ADAPTATION, POLICY_RUN
from crossgap.report.training import build_training_report

BLACK, WHITE = -1.0, 1.0
"""What a task model takes for these."""


def is_policy(options: AdaptOptions) -> bool:
    """Whether the task model is such a network."""
    return options.cameras is not None or options.state is not None


def adapt_policy(
    options: AdaptOptions, config: PolicyConfig | None = None,
    frames: tuple[Observations, Observations] | None = None,
) -> tuple[Path, dict]:  # fmt: skip
    """Train what suits, compare it on held-out episodes, and say what to use.

    Args:
        options: what is adapted to what.
        config: sizes, steps and rates, where they are not those of the preset.
        frames: of source and target, where they are in memory.

    Returns:
        The run folder, and the record as `adaptation.json` has it.

    Raises:
        CrossgapError: bad data, a network that does not fit, or options that go with another task model.
    """
    _check(options)
    seed, fabric = check_seed(options.seed), single_process(options.device, options.precision)
    preparing = Preparing(options.images)
    sides = _read(options, preparing, frames)
    say_findings(sides.source.by_camera(), sides.target.by_camera(), options, not options.frozen)
    (given, held, unit), test = _hold_out(options, sides), sides.test
    network, factory = _network(options, seed)
    loss, loss_name = own_loss(options.loss)
    about = reference_of(factory, None, given.source, BLACK, WHITE)
    config = config or policy_config(options.preset)
    settings = {
        "experiment": POLICY_RUN, "policy": about.to_json(), "weights": tensors_digest(network.state_dict()),
        "frozen": options.frozen, "source": given.source.describe(), "target": given.target.describe(),
        "unlabelled": None if given.unlabelled is None else given.unlabelled.describe(),
        "size": written(given.source.size), "loss": loss_name, "held_out": options.held_out, "seed": seed,
        **hardware(fabric),
    }  # fmt: skip
    run = options.output or find_place(settings, as_json(asdict(config)))
    prepared = preparing.decided().get("target")
    trainer = Trainer(run, fabric, seed)
    adaptation = PolicyAdaptation(network, about, given, config, trainer, loss, options.frozen, prepared)
    if test is not None and adaptation.task is None:
        raise CrossgapError(
            "--test: errors are in spreads of the actions of source or target, and neither has actions. "
            "Expected some in either."
        )
    if test is not None:
        test = without_known(test, run, given.source, given.target, given.unlabelled, held)
    names = _methods(options, adaptation)
    say(f"To train: {', '.join(names)}")
    lock_run(open_run(run, settings | {"config": as_json(asdict(config))}))
    start(run, seed=seed, **hardware(fabric))
    say(f"Run folder: {run}")
    keep_seen(run, (one for one in (given.source, given.target, given.unlabelled) if one is not None))
    models = {}
    for name in names:
        with timed(run, f"train {name}"):
            models[name] = adaptation.get(name)
    record = policy_record(adaptation, models, given.target, held, unit) | {"preset": options.preset}
    if test is not None and options.test is not None:
        record["test"] = tested(adaptation, models, test, options.test.name)
    record |= {"said": sentences(record), "counts": counts(record)}
    write_json(run / ADAPTATION, record)
    build_training_report(run)
    _say_result(run, record)
    return run, record


class _Sides(NamedTuple):
    """What was read."""

    source: Observations
    target: Observations
    unlabelled: Observations | None
    test: Observations | None


def _read(
    options: AdaptOptions, preparing: Preparing, frames: tuple[Observations, Observations] | None
) -> _Sides:  # fmt: skip
    read = partial(read_frames, options, preparing)
    if frames is None:
        source = read("source", options.source, None if options.frozen else True)
        labelled = options.target_labels == "all" and has_labels(options.target)
        target = read("target", options.target, labelled, source.action_names)
    else:
        source, target = frames
    further = read("target", options.unlabelled, False) if options.unlabelled else None
    done = source.action_names or target.action_names
    test = None if options.test is None else read("target", options.test, True, done)
    if test is not None:
        source.check_like(test, "--test")
    preparing.report()
    return _Sides(source, target, further, test)


def _hold_out(options: AdaptOptions, sides: _Sides) -> tuple[Given, Observations | None, str]:
    """What is trained on; real frames of other episodes, where there are enough; and of what these are."""
    source, target, further, _ = sides
    if not target.actions.shape[1] and len(target) < FEWEST:
        return Given(source, target, further), None, "episode"
    parts = split(target, options.held_out, options.seed)
    target = replace(target, episodes=parts.episodes)
    target, held = target.select(~parts.held), target.select(parts.held)
    say_held_out({"source": source, "target": target}, held)
    say(parts.text)
    return Given(source, target, further and without_held_out(further, held)), held, parts.unit


def _methods(options: AdaptOptions, adaptation: PolicyAdaptation) -> tuple[str, ...]:
    """What to train, in the order of tables: what is asked for, and the rival that all is held against."""
    asked = options.methods or adaptation.methods
    check_known("Method", asked, adaptation.methods)
    return tuple(name for name in adaptation.methods if name in {*asked, RIVAL})


def policy_config(preset: str) -> PolicyConfig:
    """Sizes, steps and rates of a preset: `full` trains the translator twice as long.

    Raises:
        CrossgapError: there is none of that name.
    """
    quick, few = PolicyConfig(), SupervisedConfig(6, 8)
    tiny = GogglesConfig(4, batch=2, generator_width=4, generator_blocks=1, discriminator_width=4)
    return find("Preset", preset, {
        "smoke": PolicyConfig(SupervisedConfig(12, 16), few, few, tiny, CoTrainingConfig((0.25, 0.5))),
        "quick": quick,
        "full": replace(quick, goggles=replace(quick.goggles, steps=2 * quick.goggles.steps)),
    })  # fmt: skip


def _check(options: AdaptOptions) -> None:
    """Raises `CrossgapError`: an option is missing, or is of no use here."""
    if options.task is None:
        raise CrossgapError("--cameras and --state are of a network of yours. Expected --task, too.")
    if options.camera is not None:
        raise CrossgapError("--camera chooses one, --cameras all that your network sees. Expected either.")
    for name in ("classes", "randomized", "skip_bad"):
        if getattr(options, name):
            option = name.replace("_", "-")
            raise CrossgapError(f"A network of several cameras or a state does not use --{option}.")


def _network(options: AdaptOptions, seed: int) -> tuple[nn.Module, str]:
    """The network, always the same for a seed, and the name of what makes it."""
    torch.manual_seed(seed)
    here_on_path()
    given: str | nn.Module | None = options.task
    network = from_factory(given) if isinstance(given, str) else given
    assert network is not None
    if any(isinstance(weight, UninitializedParameter) for weight in network.parameters()):
        raise CrossgapError(
            f"{type(network).__name__} has lazy layers, whose weights are not there yet. Expected a factory "
            "that calls the network once, or layers of known sizes."
        )
    name = vars(network).get("made_by")
    if not isinstance(name, str):
        raise CrossgapError(
            f"{type(network).__name__}: no model could be saved with it. Expected a network of "
            "crossgap.networks.from_factory('package.module:factory')."
        )
    return network, name


def _say_result(run: Path, record: Mapping) -> None:
    """The table, the verdict, where the policy is, and what to type next."""
    print_table(result_table(dict(record)))
    for sentence in record["said"]:
        say(sentence)
    model, policy = run / "models" / record["recommended"], record["policy"]
    say(f"Policy: {model}")
    say(f"Report: {run / 'report.html'}")
    if record["recommended"] in PolicyAdaptation.TRANSLATING:
        say_next({"Next, what it sees": command("translate", model / "goggles", "FOLDER", "OUT")})
    say(f"On a robot:\n  {policy['load'].format(model=str(model))}\n  {policy['call']}")
