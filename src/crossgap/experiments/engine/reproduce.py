"""`crossgap reproduce`: an experiment of a paper over seeds, as one results file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from crossgap.base.progress import say
from crossgap.core.fabric import hardware, learning_hardware, single_process
from crossgap.core.parallel import check_workers, in_parallel, threads_of
from crossgap.core.results import add_results, prepare, read_rows
from crossgap.core.runs import find_run, lock_run, open_run, provenance, start
from crossgap.data.subsets import check_counts
from crossgap.errors import CrossgapError, unknown
from crossgap.experiments.budget.figures import SUCCESS, plot
from crossgap.experiments.budget.presets import BudgetPreset, get_budget_preset
from crossgap.experiments.budget.trial import WITHOUT_SETTINGS, BudgetTrial, check_methods
from crossgap.experiments.digits.presets import ALL_DIGITS_METHODS, DigitsPreset, get_digits_preset
from crossgap.experiments.digits.presets import settled as settled_digits
from crossgap.experiments.digits.trial import TARGETS, DigitsTrial, fetch
from crossgap.experiments.mico.figures import curve
from crossgap.experiments.mico.presets import MicoPreset, get_mico_preset
from crossgap.experiments.mico.trial import DEFAULT_METHODS, MicoTrial, check_selection
from crossgap.experiments.mico.trial import PICTURED as MICO_PICTURED
from crossgap.experiments.pick_place.presets import PickPlacePreset, get_pick_place_preset
from crossgap.experiments.pick_place.setups import METHODS as PICK_PLACE
from crossgap.experiments.pick_place.setups import get_pick_place_setup
from crossgap.experiments.pick_place.trial import PickPlaceTrial
from crossgap.experiments.task_weight.trial import WEIGHTS, TaskWeightTrial
from crossgap.experiments.task_weight.trial import pictures as weight_pictures
from crossgap.experiments.task_weight.trial import plot as plot_weights
from crossgap.experiments.taskgan.figures import of_the_paper, regimes_plot
from crossgap.experiments.taskgan.trial import PICTURED, TaskGANTrial
from crossgap.experiments.xarm7.figures import distance_histograms, learning_curves, region_map
from crossgap.experiments.xarm7.presets import XArm7Preset, get_xarm7_preset, settled
from crossgap.experiments.xarm7.report import (
    episodes_by_domain,
    evaluated_experiments,
    first_configuration,
    xarm7_report,
)
from crossgap.experiments.xarm7.setups import SETUPS, domains_of, get_setup
from crossgap.experiments.xarm7.trial import XArm7Trial
from crossgap.methods.config import (
    ALL_METHODS,
    Preset,
    TaskNorm,
    as_json,
    as_settings,
    get_preset,
    with_task_norm,
)
from crossgap.report.pictures import gallery
from crossgap.simulation.meshes import meshes_problem
from crossgap.simulation.reach3.looks import get_target_look
from crossgap.simulation.xarm7.looks import get_look


def reproduce_taskgan(
    preset: str, seeds: int, looks: tuple[str, ...] | None, methods: tuple[str, ...] | None,
    output: Path | None, results: Path, device: str, precision: str, workers: int = 1,
    task_norm: TaskNorm = "none",
) -> Path:  # fmt: skip
    """Every method × look × seed; the path of the results file, which grows as looks are done.

    With a `task_norm` every task model has that norm: such rows stand in the same file, beside those of the
    paper's network, and say so. Run folder and pictures are their own.

    Beside it `<preset>_regimes.png`, figure 9 of the paper, where all its regimes were run, and
    `<preset>_<look>….png`, what the translators of seed 0 draw (figure 7), a picture for each entry of
    `PICTURED`. What a seed's looks share (source images, f_X, gain) is made once. Looks and methods can be
    added to a run later. Killed and started again, it goes on where it was.

    Raises:
        CrossgapError: an unknown look or preset, no seeds, or `output` holds another run.
    """
    looks = unique(looks or _default_looks(preset))
    for look in looks:
        get_target_look(look)
    settings, fabric = get_preset(preset), single_process(device, precision)
    methods = unique(methods or settings.methods)
    path, depends = results / f"{preset}.json", as_json(settings) | hardware(fabric)
    for method in methods:
        if method not in ALL_METHODS:
            raise unknown("Method of this experiment", method, ALL_METHODS)
    settings, normed = with_task_norm(settings, task_norm), "" if task_norm == "none" else f"_{task_norm}"
    folder = _begin(
        "taskgan", preset, seeds, len(looks), workers, output, hardware(fabric), as_json(settings)
    )
    about = folder, settings, methods, device, precision
    parts = [(*about, look, seed) for look in looks for seed in range(seeds)]
    _gather(_one_look, parts, workers, "looks and seeds", path, folder, depends)
    regimes_plot(of_the_paper(read_rows(path)), path.with_name(f"{preset}_regimes.png"))
    for look in looks:
        experiment = TaskGANTrial(folder, settings, look, 0, fabric, methods=methods)
        for end, translators in PICTURED.items():
            if pictures := experiment.pictures(translators):
                gallery(pictures, path.with_name(f"{preset}{normed}_{look}{end}.png"))
    return path


def _default_looks(preset: str) -> tuple[str, ...]:
    """The three looks that need nothing but OpenGL, and at the larger presets the hardest, too."""
    return ("target_a", "target_b", "target_c", *(("target_d",) if preset in ("full", "paper") else ()))


def _one_look(
    folder: Path, settings: Preset, methods: tuple[str, ...], device: str, precision: str, look: str,
    seed: int, quiet: bool,
) -> list[dict[str, Any]]:  # fmt: skip
    fabric = single_process(device, precision)
    return TaskGANTrial(folder, settings, look, seed, fabric, quiet, methods).run()


def reproduce_mico(
    preset: str, seeds: int, methods: tuple[str, ...] | None, counts: tuple[int, ...] | None,
    output: Path | None, results: Path, device: str, precision: str, workers: int = 1,
) -> Path:  # fmt: skip
    """Every method × number of target images × seed; the path of the results file.

    Methods and numbers can be added to a run later. Beside the file `<preset>_curve.png`, the error over the
    number of images of what it holds (of `mico_figures.NAMES`), and `<preset>_pictures.png` and
    `<preset>_others.png`, what the translators of seed 0 make of test images, TaskGAN's and the others.
    Killed and started again, it goes on where it was.

    Raises:
        CrossgapError: an unknown method or preset, more images than it has, no seeds, or `output` holds
            another run.
    """
    settings, fabric = get_mico_preset(preset), single_process(device, precision)
    methods, counts = unique(methods or DEFAULT_METHODS), unique(counts or settings.target_images)
    check_selection(methods, counts, max(settings.target_images))
    path, depends = results / f"{preset}.json", as_settings(settings) | hardware(fabric)
    folder = _begin(
        "mico", preset, seeds, 1 + len(counts), workers, output, hardware(fabric), as_settings(settings)
    )
    about = folder, settings, device, precision, methods
    largest_first = (0, *sorted(counts, reverse=True))  # so that no worker is left alone with it at the end
    parts = [(*about, images, seed) for images in largest_first for seed in range(seeds)]
    _gather(_mico, parts, workers, "numbers of images and seeds", path, folder, depends)
    curve(read_rows(path), results / f"{preset}_curve.png")
    experiment = MicoTrial(folder, settings, 0, fabric)
    for end, translators in MICO_PICTURED.items():
        if pictures := experiment.pictures(translators):
            gallery(pictures, results / f"{preset}{end}.png")
    return path


def _mico(
    folder: Path, settings: MicoPreset, device: str, precision: str, methods: tuple[str, ...], images: int,
    seed: int, quiet: bool,
) -> list[dict[str, Any]]:  # fmt: skip
    fabric = single_process(device, precision)
    return MicoTrial(folder, settings, seed, fabric, quiet, methods).run(images)


def reproduce_digits(
    preset: str, seeds: int, domains: tuple[str, ...] | None, methods: tuple[str, ...] | None,
    output: Path | None, results: Path, device: str, precision: str, workers: int = 1,
) -> Path:  # fmt: skip
    """Every method × target domain × seed, as a classification; the path of the results file.

    Domains and methods can be added to a run later. Beside the file `<preset>_<domain>.png`, what the
    translators of seed 0 make of digits. Killed and started again, it goes on where it was.

    Raises:
        CrossgapError: an unknown domain, method or preset, no seeds, data that cannot be had, or `output`
            holds another run.
    """
    settings, fabric = get_digits_preset(preset), single_process(device, precision)
    about = settled_digits(settings)
    path, depends = results / f"{preset}.json", about | hardware(fabric)
    chosen = replace(settings, methods=unique(methods or settings.methods))
    for method in chosen.methods:
        if method not in ALL_DIGITS_METHODS:
            raise unknown("Method of the digits", method, ALL_DIGITS_METHODS)
    domains = unique(domains or tuple(TARGETS))
    for domain in domains:
        if domain not in TARGETS:
            raise unknown("Target domain", domain, TARGETS)
    fetch()
    folder = _begin("digits", preset, seeds, len(domains), workers, output, hardware(fabric), about)
    parts = [(folder, chosen, device, precision, domain, seed) for seed in range(seeds) for domain in domains]
    _gather(_digits, parts, workers, "domains and seeds", path, folder, depends)
    for domain in domains:
        pictures = DigitsTrial(folder, settings, domain, 0, fabric).pictures()
        gallery(pictures, results / f"{preset}_{domain}.png")
    return path


def _digits(
    folder: Path, settings: DigitsPreset, device: str, precision: str, domain: str, seed: int, quiet: bool
) -> list[dict[str, Any]]:  # fmt: skip
    return DigitsTrial(folder, settings, domain, seed, single_process(device, precision), quiet).run()


def reproduce_budget(
    preset: str, seeds: int, looks: tuple[str, ...] | None, methods: tuple[str, ...] | None,
    counts: tuple[int, ...] | None, output: Path | None, results: Path, device: str, precision: str,
    workers: int = 1,
) -> Path:  # fmt: skip
    """Every method × number and kind of labelled target images × look × seed; the path of the results file.

    Looks, methods and numbers can be added to a run later.

    Beside it `<preset>.png`, the success over the number of images of all that the file holds. Killed and
    started again, it goes on where it was.

    Raises:
        CrossgapError: an unknown look, method or preset, no seeds, or `output` holds another run.
    """
    settings, fabric = get_budget_preset(preset), single_process(device, precision)
    depends = as_json(settings.base) | hardware(fabric)
    settings = replace(
        settings, looks=unique(looks or settings.looks), methods=unique(methods or settings.methods),
        counts=unique(counts or settings.counts),
    )  # fmt: skip
    for look in settings.looks:
        get_target_look(look)
    check_methods(settings.methods, WITHOUT_SETTINGS)
    check_counts(settings.counts, settings.base.target_episodes * settings.base.steps)
    config = {"base": as_json(settings.base)}  # looks, methods and numbers can be added to a run
    folder = _begin(
        "budget", preset, seeds, len(settings.looks) * len(settings.counts), workers, output,
        hardware(fabric), config,
    )  # fmt: skip
    about, path = (folder, settings, device, precision), results / f"{preset}.json"
    parts = [
        (*about, look, images, seed)
        for look in settings.looks
        for images in settings.counts
        for seed in range(seeds)
    ]
    _gather(_budget, parts, workers, "looks, numbers of images and seeds", path, folder, depends)
    plot(read_rows(path), SUCCESS, path.with_suffix(".png"))
    return path


def _budget(
    folder: Path, settings: BudgetPreset, device: str, precision: str, look: str, images: int, seed: int,
    quiet: bool,
) -> list[dict[str, Any]]:  # fmt: skip
    fabric = single_process(device, precision)
    return BudgetTrial(folder, settings, look, seed, fabric, quiet).run(images)


def reproduce_task_weight(
    preset: str, seeds: int, looks: tuple[str, ...], output: Path | None, results: Path, device: str,
    precision: str, workers: int = 1,
) -> Path:  # fmt: skip
    """Inverse TaskGAN for every λ_φ × look × seed; the path of the results file.

    Beside it `<preset>_<look>.png`: task error, style and alignment over λ_φ, and `…_pictures.png`: what F of
    each draws. Looks can be added to a run later. Killed and started again, it goes on where it was.

    Raises:
        CrossgapError: an unknown look or preset, no seeds, or `output` holds another run.
    """
    looks = unique(looks)
    for look in looks:
        get_target_look(look)
    settings, fabric = get_preset(preset), single_process(device, precision)
    depends = as_json(settings) | {"weights": list(WEIGHTS)} | hardware(fabric)
    folder = _begin(
        "task_weight", preset, seeds, len(looks) * len(WEIGHTS), workers, output, hardware(fabric), depends
    )  # fmt: skip
    about, path = (folder, settings, device, precision), results / f"{preset}.json"
    parts = [(*about, look, weight, seed) for look in looks for weight in WEIGHTS for seed in range(seeds)]
    _gather(_task_weight, parts, workers, "looks, weights and seeds", path, folder, depends)
    every = read_rows(path)  # other seeds of an earlier run, too
    for look in looks:
        plot_weights([row for row in every if row["domain"] == look], results / f"{preset}_{look}.png")
        drawn = weight_pictures(TaskGANTrial(folder, settings, look, 0, fabric))
        gallery(drawn, results / f"{preset}_{look}_pictures.png")
    return path


def _task_weight(
    folder: Path, settings: Preset, device: str, precision: str, look: str, weight: float, seed: int,
    quiet: bool,
) -> list[dict[str, Any]]:  # fmt: skip
    whole = TaskGANTrial(folder, settings, look, seed, single_process(device, precision), quiet)
    return TaskWeightTrial(whole, weight).run()


def reproduce_xarm7(
    preset: str, seeds: int, domains: tuple[str, ...] | None, methods: tuple[str, ...] | None,
    output: Path | None, results: Path, device: str, precision: str, workers: int = 1,
) -> Path:  # fmt: skip
    """Every configuration × domain × seed of the xArm7 that reaches; the path of the results file.

    Configurations and domains can be added to a run later.

    Beside it `<preset>_curves.png`, success over environment steps, and of the first configuration
    `<preset>_regions.png`, where in the workspace it reaches its goals, and `<preset>_distances.png`. The run
    folder gets a report with films. Killed and started again, it goes on where it was.

    Raises:
        CrossgapError: an unknown configuration or preset, no seeds, or `output` holds another run.
    """
    settings, fabric = get_xarm7_preset(preset), single_process(device, precision)
    settings = replace(settings, domains=unique(domains or settings.domains))
    setups = unique(methods or settings.setups)
    for setup in setups:
        domains_of(get_setup(setup), settings.domains)
    _check_meshes(settings.domains)
    about = settled(settings)
    path, depends = results / f"{preset}.json", about | hardware(fabric)
    folder = _begin("xarm7", preset, seeds, len(setups), workers, output, learning_hardware(fabric), about)
    parts = [(folder, settings, setup, device, precision, seed) for setup in setups for seed in range(seeds)]
    _gather(_xarm7, parts, workers, "configurations and seeds", path, folder, depends)
    every = read_rows(path)
    learning_curves(every, list(SETUPS), path.with_name(f"{preset}_curves.png"))
    episodes = episodes_by_domain(first_configuration(evaluated_experiments(folder, settings, fabric)))
    region_map(episodes, path.with_name(f"{preset}_regions.png"))
    distance_histograms(episodes, path.with_name(f"{preset}_distances.png"))
    xarm7_report(folder)
    return path


def _check_meshes(looks: tuple[str, ...]) -> None:
    """Whether the real arm can be drawn, where it is to be: before anything is trained.

    Raises:
        CrossgapError: its meshes are not there; the message says what fetches them.
    """
    if "target_mesh" in looks and (problem := meshes_problem()):
        raise CrossgapError(problem)


def _xarm7(
    folder: Path, settings: XArm7Preset, setup: str, device: str, precision: str, seed: int, quiet: bool
) -> list[dict[str, Any]]:  # fmt: skip
    return XArm7Trial(folder, settings, setup, seed, single_process(device, precision), quiet).run()


def reproduce_pick_place(
    preset: str, seeds: int, looks: tuple[str, ...] | None, methods: tuple[str, ...] | None,
    output: Path | None, results: Path, device: str, precision: str, workers: int = 1,
) -> Path:  # fmt: skip
    """Every method × look × seed of Pick & Place; the path of the results file.

    Beside it `<preset>_curves.png`, success over environment steps. Looks and methods can be added to a run
    later. Killed and started again, it goes on where it was.

    Raises:
        CrossgapError: an unknown method, look or preset, no seeds, or `output` holds another run.
    """
    settings, fabric = get_pick_place_preset(preset), single_process(device, precision)
    settings = replace(
        settings, looks=unique(looks or settings.looks), methods=unique(methods or settings.methods)
    )
    for look in settings.looks:
        get_look(look)
    _check_meshes(settings.looks)
    for method in settings.methods:
        get_pick_place_setup(method)
    about = asdict(replace(settings, looks=(), methods=()))
    path, depends = results / f"{preset}.json", about | hardware(fabric)
    folder = _begin("pick_place", preset, seeds, 1, workers, output, learning_hardware(fabric), about)
    parts = [(folder, settings, device, precision, seed) for seed in range(seeds)]
    _gather(_pick_place, parts, workers, "seeds", path, folder, depends)
    learning_curves(read_rows(path), list(PICK_PLACE), path.with_name(f"{preset}_curves.png"))
    return path


def _pick_place(
    folder: Path, settings: PickPlacePreset, device: str, precision: str, seed: int, quiet: bool
) -> list[dict[str, Any]]:  # fmt: skip
    return PickPlaceTrial(folder, settings, seed, single_process(device, precision), quiet).run()


def unique(values: tuple) -> tuple:
    """Each value once, in the order of the first."""
    return tuple(dict.fromkeys(values))


def _gather(
    function: Callable[..., list[dict[str, Any]]], parts: Sequence[tuple[Any, ...]], workers: int,
    label: str, path: Path, folder: Path, depends: dict[str, Any],
) -> None:  # fmt: skip
    """Run the parts, and let the results file grow as they are done."""
    prepare(path, depends)  # before anything is trained
    rows: list[dict[str, Any]] = []
    for found in in_parallel(function, parts, workers, label):
        rows += found
        add_results(path, rows, provenance(folder), depends)


def _begin(
    experiment: str, preset: str, seeds: int, parts_per_seed: int, workers: int, output: Path | None,
    hardware: dict[str, str], settings: dict[str, Any],
) -> Path:  # fmt: skip
    """Make, or go on with, the run folder of an experiment; nobody else works on it. Seeds can be added."""
    if seeds < 1:
        raise CrossgapError(f"--seeds must be at least 1; got {seeds}.")
    check_workers(workers)
    about = {"experiment": experiment, "preset": preset, **hardware, "settings": settings}
    threads = threads_of(workers, seeds * parts_per_seed)
    folder = open_run(output, about, threads) if output else find_run(experiment, about, threads=threads)
    lock_run(folder)
    say(f"Run folder: {folder}" + (", gone on with" if any(folder.glob("seed_*")) else ""))
    start(folder, preset=preset, **hardware, threads=threads)
    return folder
