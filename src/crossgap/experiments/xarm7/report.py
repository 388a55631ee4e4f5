"""The report of an xArm7 run: one HTML file with its figures, and a film per domain."""

import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import lightning_fabric
import numpy as np

from crossgap.base.files import write_text
from crossgap.base.progress import say
from crossgap.core.fabric import make_fabric
from crossgap.core.runs import provenance, read_run, seeds_of
from crossgap.deploy.policy import Policy
from crossgap.errors import CrossgapError, find
from crossgap.experiments.xarm7.figures import distance_histograms, learning_curves, region_map
from crossgap.experiments.xarm7.presets import XARM7_PRESETS, XArm7Preset, settled
from crossgap.experiments.xarm7.rollouts import frames_of, scaled
from crossgap.experiments.xarm7.setups import DOMAINS, SETUPS
from crossgap.experiments.xarm7.trial import XArm7Trial
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
    import jinja2

    config = read_run(folder, needs=("preset", "settings"))
    preset, fabric = find("Preset", config["preset"], XARM7_PRESETS), make_fabric()
    if config["settings"] != json.loads(json.dumps(settled(preset))):
        raise CrossgapError(
            f"Preset '{config['preset']}' has changed since {folder} was run: start a new run."
        )
    found = evaluated_trials(folder, preset, fabric)
    rows = [row for experiment in found for row in experiment.rows()]
    shown = first_configuration(found)
    counts = Counter(experiment.name for experiment in found).values()
    seeds = "–".join(str(count) for count in sorted({min(counts), max(counts)}))
    domains = [d for d in DOMAINS if any((r["metric"], r["domain"]) == ("success", d) for r in rows)]
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("crossgap", "report"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    page = environment.get_template("xarm7.html.j2").render(
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
    every = (
        XArm7Trial(folder, preset, setup, seed, fabric, quiet=True)
        for setup in SETUPS
        for seed in seeds_of(folder)
    )
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
    return {
        domain: [
            one
            for experiment in shown
            if domain in experiment.seen_domains
            for one in experiment.episodes(experiment.name, domain)
        ]
        for domain in shown[0].seen_domains
    }


def _table(rows: list[dict[str, Any]], domains: list[str]) -> list[tuple[str, list[str]]]:
    found: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        if row["metric"] == "success":
            found.setdefault((row["method"], row["domain"]), []).append(row["value"])
    methods = dict.fromkeys(method for method, _ in found)
    return [
        (
            method,
            [f"{100 * np.mean(found[method, d]):.0f} %" if (method, d) in found else "–" for d in domains],
        )
        for method in methods
    ]


def _figures(rows: list[dict[str, Any]], shown: list[XArm7Trial]) -> list[tuple[str, str, str]]:
    """Headings, captions and pictures as data URIs."""
    episodes = episodes_by_domain(shown)
    name = shown[0].name
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "figure.png"

        def picture(path: Path) -> str:
            return data_uri(path.read_bytes(), "image/png")

        return [
            (
                "How fast it learns",
                "Success on validation goals in the source look; images that an extractor was initialized "
                "with are not counted as environment steps.",
                picture(learning_curves(rows, list(SETUPS), place)),
            ),
            (
                "Where it succeeds",
                f"Goals that “{name}” reached of those in each part of the workspace.",
                picture(region_map(episodes, place)),
            ),
            (
                "How far off it ends",
                f"Distances of “{name}” to the goal at the end of its episodes.",
                picture(distance_histograms(episodes, place)),
            ),
        ]


def film(experiment: XArm7Trial, domain: str, goal: int = 0) -> tuple[str, bool]:
    """An episode as a looping picture (a data URI), and whether the goal was reached.

    Args:
        experiment: whose policy plays.
        domain: where, a key of `DOMAINS`.
        goal: which of the test goals.
    """
    seed = experiment.episodes(experiment.name, domain)[goal]["seed"]
    about: dict[str, Any] = experiment.training.environment | {"depth_noise": 0.0} | DOMAINS[domain]
    env = XArm7ReachEnv(**about)
    frames, success = watch(
        env, experiment.policy(experiment.name, domain), seed, experiment.preset.episode_steps
    )
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
