"""The `crossgap` command: the verbs, and nothing else. What they do is imported only when they run."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Annotated, Literal

import tyro
from tyro.conf import Positional, arg

from crossgap.base.machine import wait_passively_if_crowded
from crossgap.collection import Collection
from crossgap.errors import CrossgapError
from crossgap.experiments.budget.presets import BUDGET_METHODS
from crossgap.experiments.xarm7.presets import EPISODE_STEPS
from crossgap.experiments.xarm7.setups import BEST, Setup
from crossgap.methods.config import OWN_DATA, TaskGANConfig, TaskNorm

PresetName = Literal["smoke", "quick", "full", "paper"]
Device = Literal["auto", "cpu", "cuda"]
Precision = Literal["auto", "32-true", "bf16-mixed"]
Experiment = Literal["taskgan", "mico", "digits", "budget", "task_weight", "xarm7", "pick_place"]


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


def reproduce(
    experiment: Positional[Experiment],
    preset: PresetName = "quick", seeds: int | None = None, looks: tuple[str, ...] | None = None,
    methods: tuple[str, ...] | None = None, counts: tuple[int, ...] | None = None,
    task_norm: TaskNorm | None = None, output: Path | None = None,
    results: Path = Path("results"), workers: int = 1, device: Device = "auto",
    precision: Precision = "auto",
) -> None:  # fmt: skip
    """Repeat an experiment over seeds and looks, and write <results>/<experiment>/<preset>.json.

    Args:
        experiment: taskgan, an arm that reaches for a cube (section 4.1 of its paper); mico, the joint
            angles of an arm over the number of target images (section 4.2); digits, MNIST to MNIST-M and to
            scanned digits (classification; needs the extra `digits`); budget, the arm of taskgan over the
            number of labelled target images, of few whole episodes or of many; task_weight, the arm of
            taskgan over λ_φ; xarm7, an arm that learns to reach from images alone, in many configurations,
            with and without goggles; or pick_place, the same arm and a cube.
        preset: size of the experiment; smoke only shows that it runs, its figures mean nothing; paper, the
            paper's own, is there for taskgan, mico, budget and task_weight.
        seeds: how many, from 0 on; more can be added later. By default one at presets smoke and quick,
            three at the others.
        looks: the target looks of taskgan (by default a, b and c, at full and paper d, too; target_pbr, which
            needs Vulkan, only if named), budget (the preset's), task_weight (b), pick_place (the preset's),
            the target domains of digits (both), the domains of xarm7 (the preset's; camera_far, too, and
            target_mesh where the real arm's meshes are).
        methods: which methods, of xarm7 which configurations; by default the preset's, of mico and digits
            without some baselines: augmented, augmented_fine_tuned, randomized_per_frame,
            randomized_fine_tuned, plain_gan, task_loss_only, task_loss_only_refined.
        counts: numbers of labelled target images of experiments budget and mico; by default the preset's.
        task_norm: of taskgan: with that norm in every task model, as rows of their own; the paper has none.
        output: run folder; by default the newest run of these settings, or a new one under outputs/.
        results: where results are collected.
        workers: how many seeds, looks, numbers of images, weights or configurations at the same time, each
            on its share of the cores; on a CPU as many as there are cores is fastest, and takes 1.5 GB of
            memory each, up to 4 GB where an xArm7 learns under random looks, and in target_pbr 1 GB more for
            each core.
        device: where to train.
        precision: of training.
    """
    from crossgap.experiments.engine import reproduce as experiments
    from crossgap.experiments.engine.closing import say_results

    for name, value, takes in (
        ("looks", looks, ("taskgan", "budget", "task_weight", "pick_place", "digits", "xarm7")),
        ("methods", methods, ("taskgan", "budget", "xarm7", "pick_place", "digits", "mico")),
        ("counts", counts, ("budget", "mico")),
        ("task-norm", task_norm, ("taskgan",)),
    ):
        if value is not None and experiment not in takes:
            raise CrossgapError(f"--{name} is for {', '.join(takes)}, not for {experiment}.")

    if seeds is None:
        seeds = 1 if preset in ("smoke", "quick") else 3
    where = output, results / experiment, device, precision, workers
    if experiment == "mico":
        path = experiments.reproduce_mico(preset, seeds, methods, counts, *where)
    elif experiment == "digits":
        path = experiments.reproduce_digits(preset, seeds, looks, methods, *where)
    elif experiment == "xarm7":
        path = experiments.reproduce_xarm7(preset, seeds, looks, methods, *where)
    elif experiment == "pick_place":
        path = experiments.reproduce_pick_place(preset, seeds, looks, methods, *where)
    elif experiment == "budget":
        path = experiments.reproduce_budget(preset, seeds, looks, methods, counts, *where)
    elif experiment == "task_weight":
        path = experiments.reproduce_task_weight(preset, seeds, looks or ("target_b",), *where)
    else:
        path = experiments.reproduce_taskgan(preset, seeds, looks, methods, *where, task_norm or "none")
    say_results(experiment, path)


def collect(
    output: Positional[Path], collection: Annotated[Collection, arg(name="")] = Collection(),  # noqa: B008
    workers: int | None = None,
) -> None:  # fmt: skip
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
    training = command(
        "train", "fine_tuned", "--source", sides[0], "--target", sides[1], "--output", "outputs/mine"
    )
    say_next({f"Next, as the {'source' if source else 'target'} of a training": training})


def train(
    method: Positional[str], source: Path, target: Path, output: Path, seed: int = 0,
    labels: tuple[str, ...] | None = None, target_labels: Literal["all", "none"] = "all",
    pairs: Path | None = None, unlabelled: Path | None = None, randomized: Path | None = None,
    classes: int | None = None, device: Device = "auto", precision: Precision = "auto",
    config: Annotated[TaskGANConfig, arg(name="")] = OWN_DATA,
) -> None:  # fmt: skip
    """Train a method on your own two data sets: folders of images with a labels.csv.

    Started again after a kill, it goes on where it was. The model is <output>/models/<method>. Sizes, steps
    and rates begin with those of preset quick: some minutes to train on 2 cores.

    Args:
        method: such as taskgan_inverse_refined, fine_tuned or cycle_taskgan_unlabelled_refined; `crossgap
            methods` lists all.
        source: many labelled images of the source domain.
        target: the few images of the target domain.
        output: run folder.
        seed: of training.
        labels: label columns to predict; all by default.
        target_labels: none leaves the target's labels unread; it then needs no labels.csv.
        pairs: true pairs of the target images in the source domain, row by row, for the forward mapping.
        unlabelled: further target images, beside the target's own, for the methods that use such (dann,
            taskgan_inverse_unlabelled, source_supervised_taskgan_unlabelled). Needs no labels.csv: every
            file is then one image, but for the strips that `crossgap collect` made.
        randomized: labelled source images in random looks, for domain randomization; for canonical_taskgan
            every source image once more, row by row.
        classes: how many classes there are, where the one label column holds a class from 0 on.
        device: where to train.
        precision: of training.
        config: sizes, steps, rates; the defaults are those of preset `quick`.
    """
    from crossgap.commands.train import train_on_folders

    train_on_folders(
        method, source, target, output, seed, labels, target_labels, pairs, unlabelled, randomized, classes,
        device, precision, config,
    )  # fmt: skip


def learn(
    output: Positional[Path], setup: Annotated[Setup, arg(name="")] = BEST,
    preset: Literal["smoke", "quick", "full"] = "quick", seed: int = 0, workers: int | None = None,
    engine: Literal["processes", "ray"] = "processes",
    device: Device = "auto", precision: Precision = "auto",
) -> None:  # fmt: skip
    """Learn a policy in simulation: an xArm7 reaches and sees nothing but images (asymmetric DDPG).

    Started again after a kill, it goes on where it was. The policy is <output>/policy; `crossgap evaluate`
    plays it in any look.

    Args:
        output: run folder.
        setup: what it sees and how it is taught.
        preset: how much of it.
        seed: of everything random.
        workers: processes that simulate; all cores by default.
        engine: what runs them: processes of this machine, or Ray, on a cluster's (extra `ray`).
        device: where to train.
        precision: of the extractor's initialization; reinforcement learning is in float32.
    """
    from crossgap.commands.learn import learn_policy

    learn_policy(output, setup, preset, seed, workers, device, precision, engine)


def budget(
    source: Path, target: Path, output: Path,
    methods: tuple[str, ...] = BUDGET_METHODS, counts: tuple[int, ...] | None = None,
    spread: Literal["images", "episodes", "both"] = "both", held_out: float = 0.25, seed: int = 0,
    labels: tuple[str, ...] | None = None, classes: int | None = None, unlabelled: Path | None = None,
    randomized: Path | None = None, device: Device = "auto", precision: Precision = "auto",
    config: Annotated[TaskGANConfig, arg(name="")] = OWN_DATA,
) -> None:  # fmt: skip
    """How many real images must I take, and of what? Train on growing numbers of your own target images.

    Prints the error on episodes that are held out, and writes <output>/budget.json and budget.png. Started
    again, after a kill or with other counts or methods, it does only what is not done yet. Sizes, steps and
    rates begin with those of preset quick.

    Args:
        source: many labelled images of the source domain, a folder with a labels.csv.
        target: the labelled images of the target domain that you have.
        output: run folder.
        methods: what to train with each number of images. source_supervised_taskgan_unlabelled_refined, as
            others whose name has "unlabelled", also uses the other target images, without their labels;
            canonical_taskgan_refined needs --randomized.
        counts: numbers of labelled target images, 0 for the source model as it is; by default those of 0, 10,
            25, 50, 80, 100, 200, 400, 800 that are at most 80 % of what there is to train with, and all.
        spread: images, spread over as many episodes as possible (in the table: spread); episodes, whole ones
            (whole); or both to compare.
        held_out: share of the target's episodes that is kept for the test.
        seed: of the choice of images and of training.
        labels: label columns to predict; all by default.
        classes: how many classes there are, where the one label column holds a class from 0 on.
        unlabelled: further target images for the methods that use such, beside the target images that are not
            held out, without their labels. Needs no labels.csv: every file is then one image, but for the
            strips that `crossgap collect` made. Held-out images among them are left out.
        randomized: labelled source images in random looks, for domain randomization; for canonical_taskgan
            every source image once more, row by row.
        device: where to train.
        precision: of training.
        config: sizes, steps, rates; the defaults are those of preset `quick`.
    """
    from crossgap.commands.budget import budget_on_folders

    budget_on_folders(
        source, target, output, methods, counts, spread, held_out, seed, labels, classes, unlabelled,
        randomized, device, precision, config,
    )  # fmt: skip


def evaluate(
    models: Positional[tuple[Path, ...]], look: str | None = None, data: Path | None = None,
    gain: float | None = None, starts: int | None = None, steps: int | None = None,
    validation: bool = False, output: Path | None = None, device: Device = "auto",
) -> None:  # fmt: skip
    """Evaluate adapted models in closed loop in a look, or offline on labelled images; or policies.

    Args:
        models: folders of adapted models, or of policies; the first is compared with each of the others.
        look: where the robot acts; target_b by default.
        data: evaluate on this data set instead.
        gain: the control gain, by default 0.2; a policy has none.
        starts: number of starts; all 100 test starts (50 for validation) by default.
        steps: length of an episode, by default 100; of a policy's at most 50.
        validation: play the 50 validation starts, which choices such as the gain may be made on.
        output: write the result here as JSON.
        device: where the models run.
    """
    for folder in models:
        if (folder / "policy" / "policy.json").exists():
            raise CrossgapError(f"{folder} is a run. Its policy is {folder / 'policy'}.")
    policies = [folder for folder in models if (folder / "policy.json").exists()]
    if policies:
        from crossgap.commands.learn import evaluate_policies

        for folder in models:
            if not folder.exists():
                raise CrossgapError(f"No folder {folder}.")
        if len(policies) < len(models):
            raise CrossgapError(f"{policies[0]} is a policy. Expected policies alone, or models alone.")
        if data is not None:
            raise CrossgapError("--data is for adapted models: a policy is played, in a look.")
        if gain is not None:
            raise CrossgapError("--gain is for adapted models: a policy's actions are taken as they are.")
        steps = EPISODE_STEPS if steps is None else min(steps, EPISODE_STEPS)
        evaluate_policies(models, look or "target_b", starts, steps, validation, output, device)
        return
    from crossgap.commands.evaluate import evaluate_models

    evaluate_models(models, look, data, gain, starts, steps, validation, output, device)


def report(
    run: Positional[Path], look: str | None = None, seed: int | None = None, picture: Path | None = None
) -> None:
    """Write the report of a demo's or a reproduction's run folder again (of taskgan or xarm7).

    Args:
        run: the run folder.
        look: which look; by default the run's first; a report of xarm7 has all.
        seed: which seed; by default the run's first.
        picture: also write its rows of images as a PNG here.
    """
    from crossgap.commands.report import report_again

    report_again(run, look, seed, picture)


def looks(output: Positional[Path] = Path("looks.png"), size: int = 128) -> None:
    """Draw a contact sheet of all looks as one picture; those that cannot be drawn here are named, and why.

    Args:
        output: the PNG to write.
        size: width and height of each image in pixels.
    """
    from crossgap.base.progress import say as tell
    from crossgap.simulation.contact_sheet import contact_sheet, left_out

    tell(f"Looks: {contact_sheet(output, size)}")
    for name, problem in left_out().items():
        tell(f"Left out is {name}. {problem}")


def methods() -> None:
    """List the methods: what each is, and what it needs."""
    from crossgap.commands.train import list_methods

    list_methods()


def doctor() -> None:
    """Check versions, OpenGL, device and precision, and say what to do about each problem."""
    from crossgap.commands.doctor import examine

    sys.exit(0 if examine() else 1)


VERBS = {
    verb.__name__: verb
    for verb in (demo, collect, train, learn, evaluate, budget, report, reproduce, methods, looks, doctor)
}


LATER = 10.0
"""Seconds that all but the first of several processes wait before they say what is wrong."""


def say(error: Exception) -> None:
    """Print what is wrong, once: where `torchrun` started several processes, the first one says it and ends,
    upon which the others are ended. They speak if they live on, for then it is theirs alone."""
    if int(os.environ.get("RANK", "0")):
        time.sleep(LATER)
    print(f"crossgap: {error}", file=sys.stderr)


def main() -> None:
    """Run a verb; bad input ends with a message and exit code 2."""
    if sys.argv[1:] == ["--version"]:
        from importlib import metadata

        print(f"crossgap {metadata.version('crossgap')}")
        return
    wait_passively_if_crowded()
    try:
        tyro.extras.subcommand_cli_from_dict(
            VERBS, prog="crossgap", description="Cross the reality gap, and prove it.", sort_subcommands=False
        )
    except CrossgapError as error:
        say(error)
        sys.exit(2)
    except BrokenPipeError:  # such as `| head`
        sys.stdout = None
        sys.exit(1)
    except OSError as error:
        say(error)
        sys.exit(2)
    except KeyboardInterrupt:
        print("crossgap: interrupted; the same command goes on where it was.", file=sys.stderr)
        sys.exit(130)
