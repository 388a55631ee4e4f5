"""Models in closed loop, compared on the same starts."""

from typing import Any

from crossgap.commands.evaluate.tables import model_table, print_table, short, warn_of_few
from crossgap.core.statistics import paired_difference
from crossgap.data.sizes import shown
from crossgap.deploy.adapted import AdaptedModel
from crossgap.errors import CrossgapError, find
from crossgap.evaluation import ClosedLoop, closed_loop
from crossgap.simulation.registry import WORLDS, World

FEW_STARTS = 20
"""With fewer an interval is printed with a warning."""


def moving() -> dict[tuple[str, ...], World]:
    """The worlds with a closed loop, by the labels that are actions there."""
    return {world.label_names: world for world in WORLDS.values() if world.closed_loop}


def world_that_moves(loaded: dict[str, AdaptedModel]) -> World:
    """The one in whose closed loop all the models' labels are actions."""
    acting = moving()
    for name, model in loaded.items():
        if model.label_names not in acting:
            expected = " or ".join(map(", ".join, acting))
            raise CrossgapError(
                f"{name} predicts {', '.join(model.label_names)}. Expected {expected} to move the arm; other "
                "labels are evaluated offline with --data."
            )
        acting = {model.label_names: acting[model.label_names]}  # the others act where the first does
    (world,) = acting.values()
    return world


def _side(name: str, model: AdaptedModel) -> int:
    """Width and height of the images that a model is shown."""
    height, width = model.size
    if height != width:
        raise CrossgapError(
            f"{name} takes images of {shown(model.size)} pixels; the worlds of the closed loop are drawn as "
            "squares. Expected --data, labelled images."
        )
    return height


def play(
    loaded: dict[str, AdaptedModel], look: str, gain: float, seeds: tuple[int, ...], steps: int
) -> dict[str, Any]:
    """Play each model from the same starts, print the table, and say it as JSON.

    Raises:
        CrossgapError: their labels are no actions, or not in a world that has this look.
    """
    world = world_that_moves(loaded)
    find("Look", look, world.looks)
    names = short(list(loaded))
    played: dict[str, ClosedLoop] = {}
    for name, model in loaded.items():
        label = f"{model.method}, {len(seeds)} starts, step"
        played[name], _ = closed_loop(
            model.predict, seeds, gain, steps, world.closed_loop, label, look=look, size=_side(name, model)
        )
    first = next(iter(played))
    table = model_table(names, "success", "95 % interval", "final distance (m)")
    result: dict[str, Any] = {"look": look, "gain": gain, "models": {}, "paired_differences": {}}
    for name, episodes in played.items():
        result["models"][name] = episodes.to_json()
        success = episodes.aggregate()["success"]
        distance = episodes.aggregate()["final_distance_mean"]["value"]
        difference = [""] if len(played) > 1 else []
        if name != first:
            paired = paired_difference(played[first].success, episodes.success)
            result["paired_differences"][name] = paired
            difference = [f"{paired['value']:+.2f} ({paired['low']:+.2f} – {paired['high']:+.2f})"]
        interval = f"{success['low']:.2f} – {success['high']:.2f}"
        table.add_row(names[name], f"{success['value']:.2f}", interval, f"{distance:.3f}", *difference)
    print_table(table)
    warn_of_few(len(seeds), "start", FEW_STARTS)
    return result
