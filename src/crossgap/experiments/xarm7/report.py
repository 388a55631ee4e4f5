"""The report of an xArm7 run: one HTML file with its figures, and a film per domain."""

import itertools
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import lightning_fabric
import numpy as np

from crossgap.base.files import write_text
from crossgap.base.progress import say
from crossgap.base.records import as_json
from crossgap.core.fabric import make_fabric
from crossgap.core.runs import provenance, read_run, seeds_of
from crossgap.deploy.policy import Policy
from crossgap.errors import CrossgapError, find
from crossgap.experiments.engine.experiment import Rows, check_settings
from crossgap.experiments.engine.markdown import having
from crossgap.experiments.xarm7.figures import distance_histograms, learning_curves, region_map
from crossgap.experiments.xarm7.presets import XARM7_PRESETS, XArm7Preset, settled
from crossgap.experiments.xarm7.rollouts import frames_of, scaled
from crossgap.experiments.xarm7.setups import DOMAINS, SETUPS
from crossgap.experiments.xarm7.trial import XArm7Trial
from crossgap.report.build import templates
from crossgap.report.pictures import animation, data_uri
from crossgap.simulation.base.environments import stack
from crossgap.simulation.xarm7.reach import XArm7ReachEnv


def report_again(
    folder: Path, config: dict[str, Any], look: str | None, seed: int | None, picture: Path | None
) -> Path:
    """`xarm7_report`, said; it has all looks and seeds.

    Raises:
        CrossgapError: a look, a seed or a picture is asked for; what `xarm7_report` raises.
    """
    if (look, seed, picture) != (None, None, None):
        raise CrossgapError(
            f"The report of an {config['experiment']} run has all looks and seeds, and no --picture."
        )
    path = xarm7_report(folder)
    say(f"Report: {path}")
    return path


def xarm7_report(folder: Path) -> Path:
    """Write `report.html` into the run folder of `crossgap reproduce xarm7`, of all that is tested; its path.

    Films, regions and distances are of the first configuration.

    Raises:
        CrossgapError: nothing has been tested, or the preset has changed since.
    """
    config = read_run(folder, needs=("preset", "settings"))
    preset, fabric = find("Preset", config["preset"], XARM7_PRESETS), make_fabric()
    check_settings(folder, config, as_json(settled(preset)))
    found = evaluated_trials(folder, preset, fabric)
    rows = [row for experiment in found for row in experiment.rows()]
    shown = first_configuration(found)
    counts = Counter(experiment.name for experiment in found).values()
    seeds = "–".join(str(count) for count in sorted({min(counts), max(counts)}))
    domains = [domain for domain in DOMAINS if having(rows, metric="success", domain=domain)]
    page = templates().get_template("xarm7.html.j2").render(
        title="Reaching with nothing but images", provenance=provenance(folder), goals=preset.goals,
        seeds=seeds, domains=domains, table=_table(rows, domains), shown=shown[0].name,
        films=[(d, *film(shown[0], d)) for d in shown[0].seen_domains], figures=_figures(rows, shown),
    )  # fmt: skip
    write_text(folder / "report.html", page)
    return folder / "report.html"


def evaluated_trials(folder: Path, preset: XArm7Preset, fabric: lightning_fabric.Fabric) -> list[XArm7Trial]:
    """Every configuration and seed of a run that has been tested somewhere, in the order of `SETUPS`.

    Raises:
        CrossgapError: there is none.
    """
    places = [(setup, seed) for setup in SETUPS for seed in seeds_of(folder)]
    every = (XArm7Trial(folder, preset, *place, fabric, quiet=True) for place in places)
    found = [experiment for experiment in every if experiment.seen_domains]
    if not found:
        raise CrossgapError(f"{folder} has no tested configuration yet: start it again to go on.")
    return found


def first_configuration(found: list[XArm7Trial]) -> list[XArm7Trial]:
    """All seeds of the first configuration, that of most domains first."""
    first = [experiment for experiment in found if experiment.name == found[0].name]
    return sorted(first, key=lambda experiment: -len(experiment.seen_domains))


def episodes_by_domain(shown: list[XArm7Trial]) -> dict[str, list[dict[str, Any]]]:
    """The test episodes of all seeds of a configuration, wherever they have been played."""
    found: dict[str, list[dict[str, Any]]] = {domain: [] for domain in shown[0].seen_domains}
    for domain, one in itertools.product(found, shown):
        found[domain] += one.episodes(one.name, domain) if domain in one.seen_domains else []
    return found


def _table(rows: Rows, domains: list[str]) -> list[tuple[str, list[str]]]:
    def cell(method: str, domain: str) -> str:
        values = [row["value"] for row in having(rows, method=method, domain=domain)]
        return f"{100 * np.mean(values):.0f} %" if values else "–"

    rows = having(rows, metric="success")
    methods = dict.fromkeys(row["method"] for row in rows)
    return [(method, [cell(method, domain) for domain in domains]) for method in methods]


def _figures(rows: list[dict[str, Any]], shown: list[XArm7Trial]) -> list[tuple[str, str, str]]:
    """Headings, captions and pictures as data URIs."""
    episodes, name = episodes_by_domain(shown), shown[0].name
    told = {
        "How fast it learns": "Success on validation goals in the source look; images that an extractor was "
        "initialized with are not counted as environment steps.",
        "Where it succeeds": f"Goals that “{name}” reached of those in each part of the workspace.",
        "How far off it ends": f"Distances of “{name}” to the goal at the end of its episodes.",
    }
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{index}.png" for index in range(len(told))]
        learning_curves(rows, list(SETUPS), paths[0])
        region_map(episodes, paths[1])
        distance_histograms(episodes, paths[2])
        pictures = [data_uri(path.read_bytes(), "image/png") for path in paths]
    return [(*texts, picture) for texts, picture in zip(told.items(), pictures, strict=True)]


def film(experiment: XArm7Trial, domain: str, goal: int = 0) -> tuple[str, bool]:
    """An episode as a looping picture (a data URI), and whether the goal was reached.

    Args:
        experiment: whose policy plays.
        domain: where, a key of `DOMAINS`.
        goal: which of the test goals.
    """
    seed = experiment.episodes(experiment.name, domain)[goal]["seed"]
    about: dict[str, Any] = experiment.training.environment | {"depth_noise": 0.0} | DOMAINS[domain]
    policy, steps = experiment.policy(experiment.name, domain), experiment.preset.episode_steps
    frames, success = watch(XArm7ReachEnv(**about), policy, seed, steps)
    return animation(frames), success


def watch(env: XArm7ReachEnv, policy: Policy, seed: int, steps: int) -> tuple[np.ndarray, bool]:
    """What `render` shows of an episode, (steps + 1, size, size, 3) uint8, and whether it succeeded."""
    observation, info = env.reset(seed=seed)
    frames = [env.render()]
    for _ in range(steps):
        one = stack([observation])
        action = policy.act(frames_of(one), scaled(one["desired_goal"]))[0]
        observation, _, _, _, info = env.step(action)
        frames.append(env.render())
    return np.stack(frames), bool(info["is_success"])
