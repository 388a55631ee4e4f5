"""`crossgap reproduce`: each experiment with the options that it takes."""

from collections.abc import Callable
from dataclasses import make_dataclass
from typing import Annotated, Literal

from tyro.conf import arg

from crossgap.cli.settings import Flat
from crossgap.experiments.engine.experiment import EXPERIMENTS, Where

ABOUT = """Repeat an experiment over seeds, and write <results>/<experiment>/<preset>.json.

Killed and started again, it goes on where it was; seeds, looks, methods and numbers of images can
be added."""
SEEDS = "How many, from 0 on; more can be added. By default one at presets smoke and quick, three at others."
FIRST = "The first of them to run here; those before it are another machine's, whose rows are kept."
PRESET = "Its size; smoke only shows that it runs, its figures mean nothing"


def names() -> dict[str, str]:
    """What each experiment is."""
    return {name: entry.about for name, entry in EXPERIMENTS.items()}


def command(name: str) -> Callable[..., None]:
    """`crossgap reproduce NAME`: a function with the experiment's own options.

    Raises:
        CrossgapError: there is no such experiment; the message lists those that exist.
    """
    entry = EXPERIMENTS.find(name)
    options = [(key, Annotated[kind, arg(help=about)], None) for key, (kind, about) in entry.options.items()]
    told = PRESET + ("; paper has the paper's own." if "paper" in entry.presets else ".")
    Options = make_dataclass("Options", options, frozen=True)

    def reproduce(
        preset: Annotated[Literal[entry.presets], arg(help=told)] = "quick",  # type: ignore
        seeds: Annotated[int | None, arg(help=SEEDS)] = None,
        first_seed: Annotated[int, arg(help=FIRST)] = 0,
        options: Flat[Options] = Options(),  # type: ignore # noqa: B008
        where: Flat[Where] = Where(),  # noqa: B008
    ) -> None:
        from crossgap.experiments.engine.closing import say_results
        from crossgap.experiments.engine.reproduce import reproduce

        say_results(name, reproduce(name, preset, seeds, where, first_seed, **vars(options)))

    reproduce.__doc__ = f"Reproduce {name}: {entry.about}."
    return reproduce
