"""Samplers by a classifier: how many of its classes are among what they draw."""

from typing import Any

from rich.table import Column, Table

from crossgap.base.progress import say
from crossgap.commands.evaluate.tables import print_table, short
from crossgap.commands.options import EvaluationOptions
from crossgap.commands.sample import draw, read_classifier
from crossgap.deploy.adapted import AdaptedModel
from crossgap.errors import CrossgapError
from crossgap.evaluation.coverage import Coverage, mode_coverage

DRAWN = 1_000
"""Images that each draws, of seed 0."""


def compare_coverage(loaded: dict[str, AdaptedModel], options: EvaluationOptions) -> dict[str, Any]:
    """Draw images with each model, print how many classes these are of, and say it as JSON.

    Raises:
        CrossgapError: a model draws nothing, --task-model is missing or predicts no classes of their size, or
            another option is given that says what to hold translated images against.
    """
    samplers = [name for name, model in loaded.items() if "sampler" in model.networks]
    if len(samplers) < len(loaded):
        raise CrossgapError(f"{samplers[0]} draws images from noise. Expected samplers alone, or none.")
    if options.task_model is None:
        raise CrossgapError(
            f"{samplers[0]} draws images from noise. Expected --task-model, a model that predicts classes: "
            "how many of these are drawn. `crossgap sample` says how near training images are."
        )
    if options.data or options.pairs or options.like or options.resize:
        raise CrossgapError("Of a sampler nothing is translated. Expected --task-model alone.")
    result: dict[str, Any] = {"task_model": str(options.task_model), "drawn": DRAWN, "models": {}}
    found = {name: _coverage(model, options) for name, model in loaded.items()}
    names = short(list(loaded))
    titles = "model", "classes drawn", "95 % interval", "images of each class"
    table = Table(*(Column(title, overflow="fold") for title in titles))
    for name, coverage in found.items():
        figures, each = coverage.figures(), coverage.histogram.tolist()
        result["models"][name] = {"coverage": figures, "images": each}
        of = f"{figures['value']} of {len(each)}"
        interval = f"{figures['low']:g} – {figures['high']:g}"
        table.add_row(names[name], of, interval, ", ".join(map(str, each)))
    print_table(table)
    least = next(iter(found.values())).least
    say(f"Of {DRAWN:,} images each, seed 0; a class is drawn that has {least:.2%} of them at least.")
    return result


def _coverage(model: AdaptedModel, options: EvaluationOptions) -> Coverage:
    assert options.task_model is not None
    judge = read_classifier(options.task_model, model, "--task-model")
    return mode_coverage(judge.predict(draw(model, model.noise(DRAWN, 0))), judge.scale.outputs)
