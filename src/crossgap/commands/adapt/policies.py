"""`crossgap adapt` of a network of the user's own that sees several cameras or a state: a policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import torch
from torch import nn
from torch.nn.parameter import UninitializedParameter

from crossgap.base.files import write_json
from crossgap.base.progress import command, say, say_next
from crossgap.base.records import as_json
from crossgap.commands.adapt.choice import RIVAL, preset_config
from crossgap.commands.adapt.place import find_place
from crossgap.commands.adapt.policy_record import PolicyMeasure, policy_record
from crossgap.commands.adapt.say import counts, result_table, sentences
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
from crossgap.errors import CrossgapError, check_known
from crossgap.methods.goggles import GogglesConfig
from crossgap.methods.goggles.recipe import Given, reference_of
from crossgap.methods.goggles.rivals import PolicyAdaptation, PolicyConfig
from crossgap.networks.factory import from_factory, here_on_path, imported
from crossgap.report.adaptation import ADAPTATION
from crossgap.report.training import build_training_report

BLACK, WHITE = -1.0, 1.0
"""What a task model takes for these."""
RECORD = "adapt_policy"
"""What a run folder calls such a run."""


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
    read = partial(read_frames, options, preparing)
    source, target = frames or (
        read("source", options.source, None if options.frozen else True),
        read("target", options.target, options.target_labels == "all" and has_labels(options.target)),
    )
    further = read("target", options.unlabelled, False) if options.unlabelled else None
    test = None if options.test is None else read("target", options.test, True)
    if test is not None:
        source.check_like(test, "--test")
    preparing.report()
    held, unit = None, "episode"
    if target.actions.shape[1] or len(target) >= FEWEST:
        parts = split(target, options.held_out, seed)
        target, unit = replace(target, episodes=parts.episodes), parts.unit
        target, held = target.select(~parts.held), target.select(parts.held)
        further = further and without_held_out(further, held)
        say_held_out({"source": source, "target": target}, held)
        say(parts.text)
    network, factory = _network(options, seed)
    about = reference_of(factory, None, source, BLACK, WHITE)
    config = config or policy_config(options.preset)
    settings = {
        "experiment": RECORD, "policy": about.to_json(), "weights": tensors_digest(network.state_dict()),
        "frozen": options.frozen, "source": source.describe(), "target": target.describe(),
        "unlabelled": None if further is None else further.describe(), "size": written(source.size),
        "loss": _name(options.loss), "held_out": options.held_out, "seed": seed, **hardware(fabric),
    }  # fmt: skip
    parts_of = as_json(asdict(config))
    run = options.output or find_place(settings, parts_of)
    adaptation = PolicyAdaptation(
        network, about, Given(source, target, further), config, Trainer(run, fabric, seed),
        imported(options.loss) if isinstance(options.loss, str) else options.loss, options.frozen,
        preparing.decided().get("target"),
    )  # fmt: skip
    if test is not None and adaptation.task is None:
        raise CrossgapError(
            "--test: errors are in spreads of the actions of source or target, and neither has actions. "
            "Expected some in either."
        )
    names = options.methods or adaptation.methods
    check_known("Method", names, adaptation.methods)
    names = {*names, *({RIVAL} & {*adaptation.methods})}  # all is held against it
    say(f"To train: {', '.join(name for name in adaptation.methods if name in names)}")
    lock_run(open_run(run, settings | {"config": parts_of}))
    start(run, seed=seed, **hardware(fabric))
    say(f"Run folder: {run}")
    keep_seen(run, (source, target, *((further,) if further else ())))
    models = {}
    for name in sorted(names, key=adaptation.methods.index):
        with timed(run, f"train {name}"):
            models[name] = adaptation.get(name)
    record = policy_record(adaptation, models, target, held, unit) | {"preset": options.preset}
    if test is not None and options.test is not None:
        test = without_known(test, run, held)
        measure = PolicyMeasure.of(adaptation)
        figures = {name: measure.of_model(adaptation, model, test) for name, model in models.items()}
        record["test"] = {
            "folder": options.test.name, "images": len(test), "episodes": len(set(test.episodes.tolist())),
            "labelled": True, "methods": figures,
        }  # fmt: skip
    record |= {"said": sentences(record), "counts": counts(record)}
    write_json(run / ADAPTATION, record)
    build_training_report(run)
    _say_result(run, record)
    return run, record


def policy_config(preset: str) -> PolicyConfig:
    """Sizes, steps and rates of a preset: those of own data.

    Raises:
        CrossgapError: there is none of that name.
    """
    about = preset_config(preset, classes=False)  # type: ignore[arg-type]
    goggles = GogglesConfig()
    if preset == "full":
        goggles = replace(goggles, steps=2 * goggles.steps)
    if preset == "smoke":
        goggles = GogglesConfig(4, batch=2, generator_width=4, generator_blocks=1, discriminator_width=4)
    mixing = PolicyConfig().mixing if preset != "smoke" else about.own["co_trained"]
    tuning = replace(about.fine_tuning, learning_rate=min(about.fine_tuning.learning_rate, 1e-3))
    source = replace(about.source, learning_rate=min(about.source.learning_rate, 1e-3))
    return PolicyConfig(source, tuning, about.refinement, goggles, mixing)


def _check(options: AdaptOptions) -> None:
    """Raises `CrossgapError`: an option is missing, or is of no use here."""
    if options.task is None:
        raise CrossgapError("--cameras and --state are of a network of yours. Expected --task, too.")
    if options.camera is not None:
        raise CrossgapError("--camera chooses one, --cameras all that your network sees. Expected either.")
    for name in ("classes", "randomized"):
        if getattr(options, name):
            raise CrossgapError(f"A network of several cameras or a state does not use --{name}.")


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


def _name(loss: object) -> str:
    return loss if isinstance(loss, str) else "" if loss is None else getattr(loss, "__qualname__", "own")


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
