"""`crossgap learn`, and `crossgap evaluate` of what it learnt: a policy that acts on images."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from rich.table import Column, Table

from crossgap.base.files import write_json
from crossgap.base.progress import command, console, say, say_next
from crossgap.core.fabric import learning_hardware, make_fabric
from crossgap.core.runs import CONFIG, check_seed, lock_run, open_run, start
from crossgap.core.statistics import paired_difference
from crossgap.deploy.policy import EXTRACTORS, ReachPolicy
from crossgap.errors import CrossgapError, check_known, find
from crossgap.experiments.xarm7.presets import EPISODE_STEPS, XARM7_PRESETS
from crossgap.experiments.xarm7.rollouts import judged, play_goals
from crossgap.experiments.xarm7.setups import ReachSetup
from crossgap.experiments.xarm7.training import ReachTraining, about_policy
from crossgap.networks.actor_critic import AlexNetExtractor
from crossgap.rl.collection import TEST_GOALS, VALIDATION_GOALS
from crossgap.simulation.base.randomization import get_randomization
from crossgap.simulation.base.ray_workers import connected_ray
from crossgap.simulation.xarm7.looks import get_look
from crossgap.simulation.xarm7.model import CAMERAS

GOALS = 100
"""How many goals there are of either kind."""


def learn_policy(
    output: Path, setup: ReachSetup, preset: str, seed: int, workers: int | None, device: str, precision: str,
    engine: str = "processes",
) -> Path:  # fmt: skip
    """Learn to reach with the xArm7, or go on; the folder of the policy.

    Raises:
        CrossgapError: a setting that does not exist, or `output` holds something else.
    """
    settings, fabric = find("Preset", preset, XARM7_PRESETS), make_fabric(device, precision)
    check_setup(setup)
    if workers is not None and workers < 1:
        raise CrossgapError(f"--workers must be at least 1; got {workers}.")
    check_seed(seed)
    if engine == "ray":
        connected_ray()
    if setup.extractor_weights is not None:
        weights = Path(setup.extractor_weights).resolve()
        setup = replace(setup, extractor_weights=str(weights))
        if not (output / CONFIG).exists():  # what goes on has taken them already
            channels = about_policy(setup, settings)["channels"]
            AlexNetExtractor(channels, settings.size).load_features(weights)
    known = {name: value for name, value in asdict(setup).items() if value is not None}
    about = {"experiment": "learn", "setup": known, "settings": asdict(settings), "seed": seed}
    if fabric.is_global_zero:
        lock_run(open_run(output, about | learning_hardware(fabric)))
        start(output, preset=preset, **learning_hardware(fabric))
    fabric.barrier()
    quiet = not fabric.is_global_zero
    training = ReachTraining(output, settings, setup, seed, fabric, quiet, workers=workers, engine=engine)
    training.policy()
    if fabric.is_global_zero:
        last = training.curve[-1]
        say(f"Success on {last['n']} validation goals in the source look: {last['success']:.0%}")
        say(f"Policy: {output / 'policy'}")
        say_next({"Next, in another look": command("evaluate", output / "policy", "--look", "target_b")})
    return output / "policy"


def check_setup(setup: ReachSetup) -> None:
    """Whether there can be such a training, before anything is made.

    Raises:
        CrossgapError: an unknown randomization or extractor, no or an unknown camera, a factor or a noise
            out of range, or an option that would change nothing.
    """
    get_randomization(setup.randomization)
    check_known("Extractor", (setup.extractor,), EXTRACTORS)
    if setup.extractor_weights is not None and setup.extractor != "alexnet":
        raise CrossgapError("--extractor-weights needs --extractor alexnet: no other has published ones.")
    if setup.initial_factor < 1:
        raise CrossgapError(f"--initial-factor must be at least 1; got {setup.initial_factor}.")
    for option, other, useless in (
        ("initial-factor", "initialized", setup.initial_factor > 1 and not setup.initialized),
        ("bottleneck-factor", "bottleneck", setup.bottleneck_factor != 1 and not setup.bottleneck),
        ("per-frame", "randomization", setup.per_frame and setup.randomization == "none"),
        ("curriculum", "randomization", setup.curriculum and setup.randomization == "none"),
    ):
        if useless:
            raise CrossgapError(f"--{option} needs --{other}: without it there is nothing that it changes.")
    if not 0 < setup.bottleneck_factor < float("inf"):
        raise CrossgapError(f"--bottleneck-factor must be above 0; got {setup.bottleneck_factor:g}.")
    if setup.rehearsed and not (setup.initialized and setup.bottleneck):
        raise CrossgapError("--rehearsed needs --initialized and --bottleneck: its images are theirs.")
    if not setup.cameras:
        raise CrossgapError(f"Expected at least one camera of {', '.join(CAMERAS)}.")
    check_known("Camera", setup.cameras, CAMERAS)
    if len(set(setup.cameras)) < len(setup.cameras):
        raise CrossgapError(f"Expected each camera once; got {', '.join(setup.cameras)}.")
    if setup.depth_noise and not setup.depth:
        raise CrossgapError("--depth-noise needs --depth: without it there is no depth to be noisy.")
    if not 0 <= setup.depth_noise < float("inf"):
        raise CrossgapError(f"Expected a depth noise of at least 0; got {setup.depth_noise}.")


def evaluate_policies(
    folders: tuple[Path, ...], look: str, goals: int | None, steps: int | None, validation: bool,
    output: Path | None, device: str,
) -> dict[str, Any]:  # fmt: skip
    """Play each policy on the same goals in a look, print a table, and write it as JSON if `output` is given.

    Raises:
        CrossgapError: a damaged policy, an unknown look, or too many goals.
    """
    get_look(look)
    goals = GOALS if goals is None else goals
    if not 1 <= goals <= GOALS:
        raise CrossgapError(f"--starts must be from 1 to {GOALS}; got {goals}.")
    steps = EPISODE_STEPS if steps is None else min(steps, EPISODE_STEPS)
    if steps < 1:
        raise CrossgapError(f"--steps must be at least 1; got {steps}.")
    first = VALIDATION_GOALS if validation else TEST_GOALS
    policies = {str(path): ReachPolicy.load(path, make_fabric(device).device) for path in folders}
    titles = f"success in {look}", "95 % interval", "distance, m", "first minus this, points"
    table, won = Table(Column("policy", overflow="fold"), *titles), []
    result: dict[str, Any] = {"look": look, "policies": {}}
    for name, policy in policies.items():
        sees = {key: policy.about[key] for key in ("size", "cameras", "depth")}
        episodes = play_goals(policy, range(first, first + goals), steps, look=look, **sees)
        success, distance = judged(episodes).values()
        rate, low, high, mean = *(success[key] for key in ("value", "low", "high")), distance["value"]
        won.append([one["success"] for one in episodes])
        points = {key: 100 * value for key, value in paired_difference(won[0], won[-1]).items()}
        difference = "{value:+.0f} ({low:+.0f} – {high:+.0f})".format_map(points) if len(won) > 1 else "–"
        result["policies"][name] = {
            "success": rate, "low": low, "high": high, "distance": mean, "episodes": episodes,
        }  # fmt: skip
        table.add_row(name, f"{rate:.0%}", f"{low:.0%} – {high:.0%}", f"{mean:.3f}", difference)
    console.print(table)
    if output is not None:
        write_json(output, result)
    return result
