"""Run a Reach policy on an xArm7: `python xarm7_real.py --dry-run`. Not tried on a real arm.

docs/xarm7_real.md says how, and what is checked.
"""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass, field

import numpy as np
import tyro

from crossgap.deploy.policy import Policy
from crossgap.errors import CrossgapError
from crossgap.simulation.xarm7.kinematics import HOME, Kinematics
from crossgap.simulation.xarm7.velocity import Limits
from xarm7_fake import Clock, FakeXArmAPI, go_straight, simulated_camera
from xarm7_loop import SIZE, Outcome, run

QUESTION = "The arm will move. Hand on the emergency stop, nobody in its reach? Enter starts, Ctrl-C ends. "


@dataclass(frozen=True)
class Options:
    """What to run, and where."""

    policy: str | None = None
    """`module:function` that returns it, for example `my_policy:load`; a dry run has one of its own."""
    goal: tuple[float, float, float] = (0.45, -0.15, 0.15)
    """Where to bring the tool point: metres, in the frame of the arm's base."""
    ip: str | None = None
    """Address of the arm's control box."""
    camera: int = 0
    """Which camera, by OpenCV's number."""
    steps: int = 100
    """Commands at most."""
    dry_run: bool = False
    """Simulate the arm, its camera and the time; nothing is connected to."""
    limits: Limits = field(default_factory=Limits)
    """How fast, and for how long at once."""


def main(options: Options) -> None:
    """Run it, and say how it ended."""
    goal = np.array(options.goal)
    if options.dry_run:
        clock = Clock()
        arm = FakeXArmAPI(clock, Kinematics().inverse(HOME, np.array([0.35, 0.10, 0.25]), 50))
        policy = _load(options.policy) if options.policy else go_straight(arm)
        outcome = run(arm, simulated_camera(arm), policy, goal, options.steps, options.limits, clock)
    else:
        outcome = _run_on_arm(options, goal)
    print(f"Ended after {outcome.steps} commands: {outcome.reason}.")
    if outcome.distance is not None:
        print(f"The tool point is {100 * outcome.distance:.1f} cm from the goal.")
    sys.exit(outcome.reason != "time is up")


def _run_on_arm(options: Options, goal: np.ndarray) -> Outcome:
    if options.ip is None or options.policy is None:
        raise CrossgapError("Expected --ip and --policy, or --dry-run.")
    try:
        from xarm.wrapper import XArmAPI  # pyright: ignore[reportMissingImports]

        from xarm7_camera import LatestFrame
    except ImportError as error:
        raise CrossgapError(f"{error}. Install it with: pip install '.[xarm]'") from error
    policy, camera = _load(options.policy), LatestFrame(options.camera, SIZE)
    try:
        arm = XArmAPI(options.ip, is_radian=True)
    except Exception as error:  # all that the SDK says
        camera.close()
        raise CrossgapError(f"Could not connect to {options.ip}: {error}.") from error
    try:
        input(QUESTION)
        return run(arm, camera, policy, goal, options.steps, options.limits)
    finally:
        arm.disconnect()
        camera.close()


def _load(name: str) -> Policy:
    module, _, function = name.partition(":")
    sys.path.insert(0, "")
    try:
        return getattr(importlib.import_module(module), function)()
    except (ImportError, AttributeError, ValueError) as error:
        raise CrossgapError(
            f"Policy '{name}': {error}. Expected module:function, such as my_policy:load."
        ) from error


if __name__ == "__main__":
    try:
        main(tyro.cli(Options))
    except CrossgapError as error:
        sys.exit(f"Error: {error}")
