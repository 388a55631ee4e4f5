"""`crossgap evaluate`: adapted models in closed loop or offline, compared on the same starts or images."""

from collections import ChainMap
from dataclasses import replace
from pathlib import Path
from typing import Any

from crossgap.base.files import write_json
from crossgap.commands.evaluate.checks import check_replaceable
from crossgap.commands.evaluate.closed_loop import moving, play
from crossgap.commands.evaluate.labels import compare_errors
from crossgap.commands.evaluate.samplers import compare_coverage
from crossgap.commands.evaluate.translators import compare_translators
from crossgap.commands.options import EvaluationOptions
from crossgap.core.fabric import make_fabric
from crossgap.deploy.adapted import AdaptedModel
from crossgap.deploy.description import check_is_model
from crossgap.errors import CrossgapError, find
from crossgap.evaluation import TEST_STARTS, VALIDATION_STARTS

LOOK = "target_b"
"""Where it is played by default."""


def evaluate_folders(folders: tuple[Path, ...], options: EvaluationOptions) -> dict[str, Any]:
    """`evaluate_models`, or `evaluate_policies` where all folders are policies.

    Raises:
        CrossgapError: a run in place of its policy, models and policies together, what no policy takes,
            or another file in the place of the result.
    """
    if options.output is not None:
        check_replaceable(options.output)
    for folder in folders:
        if (folder / "policy" / "policy.json").exists():
            raise CrossgapError(f"{folder} is a run. Its policy is {folder / 'policy'}.")
    policies = [folder for folder in folders if (folder / "policy.json").exists()]
    if not policies:
        return evaluate_models(folders, options)
    for folder in folders:
        if not folder.exists():
            raise CrossgapError(f"No folder {folder}.")
    if len(policies) < len(folders):
        raise CrossgapError(f"{policies[0]} is a policy. Expected policies alone, or models alone.")
    if options.data is not None:
        raise CrossgapError("--data is for adapted models: a policy is played, in a look.")
    if options.held_against:
        raise CrossgapError("--pairs, --like and --task-model are for translators, on the images of --data.")
    if options.resize:
        raise CrossgapError("--resize is for translators, on the images of --data.")
    if options.gain is not None:
        raise CrossgapError("--gain is for adapted models: a policy's actions are taken as they are.")
    from crossgap.experiments.xarm7.learning import evaluate_policies

    look, output, device = options.look or LOOK, options.output, options.device
    return evaluate_policies(folders, look, options.starts, options.steps, options.validation, output, device)


def evaluate_models(models: tuple[Path, ...], options: EvaluationOptions) -> dict[str, Any]:
    """Evaluate each model, print a table, and write it as JSON where it is asked for.

    Raises:
        CrossgapError: no models, a damaged one, an unknown look, bad data, or too many starts.
    """
    if not models:
        raise CrossgapError("Expected at least one folder of an adapted model.")
    output, folder, defaults = options.output, options.data, EvaluationOptions()
    if output is not None:
        check_replaceable(output)
    held_against = options.held_against
    kept = {"data": folder, "resize": options.resize, "output": output, "device": options.device}
    on_images = replace(defaults, **kept, **held_against)
    if (folder or held_against) and options != on_images:
        raise CrossgapError(
            "--look, --starts, --steps, --gain and --validation are for the closed loop, --data for images."
        )
    available = VALIDATION_STARTS if options.validation else TEST_STARTS
    look = LOOK if options.look is None else options.look
    gain = 0.2 if options.gain is None else options.gain
    steps = 100 if options.steps is None else options.steps
    starts = len(available) if options.starts is None else options.starts
    if not 1 <= starts <= len(available):
        raise CrossgapError(f"--starts must be from 1 to {len(available)}; got {starts}.")
    if steps < 1:
        raise CrossgapError(f"--steps must be at least 1; got {steps}.")
    if not 0 < gain < float("inf"):
        raise CrossgapError(f"--gain must be above 0; got {gain}.")
    find("Look", look, ChainMap(*(dict(world.looks) for world in moving().values())))
    for path in models:
        check_is_model(path)
    device = make_fabric(options.device).device
    loaded = {str(path): AdaptedModel.load(path, device) for path in models}
    seeds = available[:starts]
    if any("sampler" in model.networks for model in loaded.values()):
        result = compare_coverage(loaded, options)
    elif held_against or any("task_model" not in model.networks for model in loaded.values()):
        result = compare_translators(loaded, options)
    elif options.resize:
        raise CrossgapError("--resize is for translators, with --pairs, --like or --task-model.")
    elif folder:
        result = compare_errors(loaded, folder, options.camera)
    else:
        result = play(loaded, look, gain, seeds, steps)
    if output is not None:
        write_json(output, result)
    return result
