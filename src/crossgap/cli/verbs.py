"""The verbs that are told in a function each; what one does is imported when it runs."""

import sys
from pathlib import Path

from tyro.conf import Positional

from crossgap.cli.settings import Flat
from crossgap.collection import Collection
from crossgap.commands.options import Device, EvaluationOptions, Precision, PresetName
from crossgap.methods.registry import EXTRA, METHODS, OPTIONS, RECOMMENDED, SHORTHANDS, Method, said

KINDS = (
    "nothing of the target", "images of the target", "labelled images of the target",
    "in `demo` and `reproduce` alone", "pictures alone, without labels",
)  # fmt: skip
"""What methods need of the target."""
WIDTH = 100
"""Columns of a terminal that a list is no wider than."""


def demo(
    look: str = "target_b", preset: PresetName = "quick", seed: int = 0, output: Path | None = None,
    fresh: bool = False, device: Device = "auto", precision: Precision = "auto",
) -> None:  # fmt: skip
    """Cross the gap to a target look with TaskGAN and its baselines, and prove it: data to report in one go.

    Started again after a kill, it goes on where it was.

    Args:
        look: the target look; `crossgap looks` shows them.
        preset: size of the experiment.
        seed: of data and training.
        output: run folder; by default the newest unfinished or finished run of these settings, or a new one
            under outputs/.
        fresh: start anew although such a run is there.
        device: where to train.
        precision: of training; auto is bf16 where the hardware has it.
    """
    from crossgap.commands.demo import run_demo

    run_demo(look, preset, seed, output, fresh, device, precision)


def collect(output: Positional[Path], collection: Flat[Collection], workers: int | None = None) -> None:
    """Collect labelled images from the built-in simulation into a new folder.

    Args:
        output: the folder to make.
        collection: what to collect.
        workers: processes; all cores by default.
    """
    from crossgap.base.progress import command, say, say_next, track
    from crossgap.data.folder import read_folder
    from crossgap.simulation.collect import collect

    images = read_folder(path := collect(collection, output, workers, track), track=track)
    say(f"{len(images):,} labelled images in {path}, read back and checked.")
    say(f"{collection.size} × {collection.size} pixels; labels: {', '.join(images.label_names)}")
    source = "source" in collection.look
    sides = (path, "FOLDER") if source else ("FOLDER", path)
    training = ("fine_tuned", "--source", sides[0], "--target", sides[1], "--output", "outputs/mine")
    say_next({f"Next, as the {'source' if source else 'target'} of a training": command("train", *training)})


def evaluate(models: Positional[tuple[Path, ...]], options: Flat[EvaluationOptions]) -> None:
    """Evaluate adapted models in closed loop in a look, or offline on labelled images; or policies; or
    translators, on images; or samplers, by the classes that they draw.

    Args:
        models: folders of adapted models, or of policies; the first is compared with each of the others.
        options: on what.
    """
    from crossgap.commands.evaluate import evaluate_folders

    evaluate_folders(models, options)


def report(
    run: Positional[Path], look: str | None = None, seed: int | None = None, picture: Path | None = None
) -> None:
    """Write the report of a training, or again that of a demo's or a reproduction's run (taskgan or xarm7).

    Args:
        run: the run folder.
        look: which look; by default the run's first; a report of xarm7 has all.
        seed: which seed; by default the run's first.
        picture: also write its rows of images as a PNG here.
    """
    from crossgap.commands.report import report_again

    report_again(run, look, seed, picture)


def methods() -> None:
    """List the methods: which to try first, what each is, what it needs, and how switches say it."""
    from rich.console import Console
    from rich.table import Column, Table

    names = Column(no_wrap=True, width=max(map(len, METHODS)) + 2)
    table = Table(names, Column(overflow="fold"), box=None, pad_edge=False, show_header=False)
    table.add_row("[bold]try first[/bold]")
    for name in sorted(RECOMMENDED, key=list(METHODS).index):
        table.add_row(f"  {name}", RECOMMENDED[name])
    for kind in KINDS:
        table.add_row(f"[bold]{kind}[/bold]")
        for name, about in METHODS.items():
            if _kind(about) == kind:
                verb = "may have" if about.needs == "unlabelled" else "needs"  # the target images do, too
                also = f"; {verb} {OPTIONS[about.needs]}" if about.needs in OPTIONS else ""
                also += f"\n[dim]= {words}[/dim]" if (words := said(about)) != name else ""
                table.add_row(f"  {name}", about.about.replace("**", "") + also)
    table.add_row("[bold]other names[/bold]")
    for name, method in SHORTHANDS.items():
        table.add_row(f"  {name}", method)
    for option in dict.fromkeys(OPTIONS.values()):
        table.add_row(option, ", or ".join(EXTRA[key] for key in OPTIONS if OPTIONS[key] == option))
    console = Console()
    console.print(table, width=min(console.width, WIDTH))


def _kind(about: Method) -> str:
    """What a method needs of the target, one of `KINDS`."""
    nothing, images, labelled, built_in, pictures = KINDS
    if not about.source_labels:
        return pictures
    if about.needs and about.needs not in OPTIONS:
        return built_in
    return nothing if about.source_side else labelled if about.target_labels else images


def looks(output: Positional[Path] = Path("looks.png"), size: int = 128) -> None:
    """Draw a contact sheet of all looks as one picture; those that cannot be drawn here are named, and why.

    Args:
        output: the PNG to write.
        size: width and height of each image in pixels.
    """
    from crossgap.base.progress import say
    from crossgap.simulation.contact_sheet import contact_sheet, left_out

    say(f"Looks: {contact_sheet(output, size)}")
    for name, problem in left_out().items():
        say(f"Left out is {name}. {problem}")


def doctor() -> None:
    """Check versions, OpenGL, device and precision, and say what to do about each problem."""
    from crossgap.commands.doctor import examine

    sys.exit(0 if examine() else 1)
