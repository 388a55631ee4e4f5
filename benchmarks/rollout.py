"""How fast the xArm7's experience is made and learnt from, beside Gymnasium-Robotics and Stable-Baselines3.

    python -m venv .venv-peers
    .venv-peers/bin/pip install gymnasium-robotics==1.4.2 stable-baselines3==2.9.2 mujoco==3.10.0 torch==2.13
    python benchmarks/rollout.py [--peer-python .venv-peers/bin/python] [--rounds 5] [--seconds 4]

The peers have an interpreter of their own: FetchReach does not start with MuJoCo 3.17 or 4.0. Have the same
torch in both.

Measured in turn, round after round, so that whatever else the machine does slows all of them alike:

- Steps/s of `crossgap/XArm7Reach-v0` at 84 px in an `EnvironmentPool` with a process per core, 8 environments
  in each, random actions, episodes of 50 steps with their resets, domain randomization on, every frame copied
  into a tensor. Beside it FetchReach-v4 with its defaults at 84 px: one (the bar), and one per core in
  processes. Its step is a physical one, which takes a tenth of its time; ours sets the joints.
- Updates/s of the asymmetric DDPG, sampling from a replay included, beside Stable-Baselines3's DDPG with the
  same convolutions, bottleneck of three coordinates, hidden layers, batch of 128 and number of threads. What
  is not equal: its critic has to see images too and has an extractor of its own, its default (`ddpg`), or
  shares the actor's (`ddpg_shared`); an asymmetric critic saves that. It has no bottleneck loss, its goals
  are not relabelled, and its Adam is PyTorch's default.

Every figure is given per second, and per second of CPU time of all its processes, which other load changes
less. A ratio is the median over the rounds, with the lowest and the highest.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import torch

from crossgap.base.files import write_json
from crossgap.base.machine import available_cores
from crossgap.core.runs import provenance, start, timed
from crossgap.experiments.xarm7.presets import XArm7Preset
from crossgap.experiments.xarm7.rollouts import sparse_reward
from crossgap.experiments.xarm7.setups import ReachSetup
from crossgap.experiments.xarm7.training import new_learner
from crossgap.rl.replay import Episode, Replay
from crossgap.simulation.base.environments import camera_image
from crossgap.simulation.base.workers import EnvironmentPool
from crossgap.simulation.xarm7 import XARM7_REACH
from measuring import Measurement, measure

SIZE, EPISODE, EPISODES = 84, 50, 50
PER_PROCESS = 8
"""Environments in a process."""
RANDOMIZATIONS = ("lights", "full")
PEERS = ("fetch", "fetch_per_core", "ddpg", "ddpg_shared")
RATIOS = (
    ("steps_lights", "fetch", 20.0),
    ("steps_full", "fetch", 20.0),
    ("steps_lights", "fetch_per_core", None),
    ("steps_full", "fetch_per_core", None),
    ("updates", "ddpg", 2.0),
    ("updates", "ddpg_shared", None),
)
"""What is divided by what, and the bar."""


def collecting(stack: ExitStack, randomization: str) -> Callable[[], int]:
    """What makes a step in every environment of a pool."""
    count = PER_PROCESS * available_cores()
    pool = stack.enter_context(EnvironmentPool(XARM7_REACH, count, randomization=randomization, size=SIZE))
    frames, rng = torch.empty(count, SIZE, SIZE, 3, dtype=torch.uint8), np.random.default_rng(0)
    steps = 0

    def step() -> int:
        nonlocal steps
        start = steps % (EPISODE + 1) == 0
        if start:
            observation, _ = pool.reset(range(steps * count, (steps + 1) * count))
        else:
            observation, _ = pool.step(rng.uniform(-1, 1, (count, 3)).astype(np.float32))
        frames.copy_(torch.from_numpy(camera_image(observation)))
        steps += 1
        return 0 if start else count

    return step


def learning() -> Callable[[], int]:
    """What makes an update from a replay of random episodes."""
    preset = XArm7Preset(size=SIZE)
    rng, config = np.random.default_rng(0), preset.learner
    learner = new_learner(ReachSetup(), preset, "cpu")
    replay = Replay(EPISODES * (EPISODE + 1), 0.8, sparse_reward)
    for _ in range(EPISODES):
        frames = rng.integers(0, 256, (EPISODE + 1, SIZE, SIZE, 3), dtype=np.uint8)
        points, actions = (rng.uniform(-1, 1, (n, 3)).astype(np.float32) for n in (EPISODE + 1, EPISODE))
        replay.add(Episode(frames, points, points, actions, points[-1]))

    def update() -> int:
        learner.update(replay.sample(config.batch, rng))
        return 1

    return update


class Peers:
    """The peers' interpreter, which measures on demand."""

    def __init__(self, python: str, threads: int):
        script = Path(__file__).with_name("rollout_peers.py")
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed in __exit__)
        self._process = subprocess.Popen(
            [python, str(script), str(threads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self._said, text=True, bufsize=1,
        )  # fmt: skip

    def measure(self, what: str, seconds: float) -> Measurement:
        """Its answer.

        Raises:
            SystemExit: it failed, with the end of what it said.
        """
        assert self._process.stdin
        assert self._process.stdout
        try:
            self._process.stdin.write(f"{what} {seconds}\n")
            return json.loads(self._process.stdout.readline())
        except (OSError, json.JSONDecodeError):
            self._process.wait()
            self._said.seek(0)
            raise SystemExit(f"The peers' interpreter failed:\n{self._said.read()[-2000:]}") from None

    def __enter__(self) -> Peers:
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.kill()
        self._process.wait()
        self._said.close()


def interleaved(python: str, rounds: int, seconds: float, threads: int) -> dict[str, list[Measurement]]:
    """Every measurement, `rounds` times, in turn."""
    found: dict[str, list[Measurement]] = {}
    with ExitStack() as stack:
        peers = stack.enter_context(Peers(python, threads))
        ours = {f"steps_{name}": collecting(stack, name) for name in RANDOMIZATIONS}
        ours["updates"] = learning()
        for one in ours.values():
            measure(one, 1.0)  # the first are slow
        for number in range(rounds):
            for what, one in ours.items():
                found.setdefault(what, []).append(measure(one, seconds))
            for what in PEERS:
                found.setdefault(what, []).append(peers.measure(what, seconds))
            print(f"round {number + 1} of {rounds}", flush=True)
    return found


def per(unit: str, measurements: list[Measurement]) -> list[float]:
    """How much was done per second of `wall` or `cpu` time, in every round."""
    return [m["done"] / m[unit] for m in measurements]


def spread(values: list[float]) -> dict[str, float]:
    """Median, lowest and highest."""
    found = {"median": statistics.median(values), "low": min(values), "high": max(values)}
    return {name: round(value, 2) for name, value in found.items()}


def summary(found: dict[str, list[Measurement]]) -> dict[str, Any]:
    """Figures per second and per second of CPU time, and their ratios."""
    units = ("wall", "cpu")
    figures = {what: {unit: spread(per(unit, rows)) for unit in units} for what, rows in found.items()}
    ratios = []
    for ours, peer, bar in RATIOS:
        row: dict[str, Any] = {"ours": ours, "peer": peer, "bar": bar}
        for unit in units:
            pairs = zip(per(unit, found[ours]), per(unit, found[peer]), strict=True)
            row[unit] = spread([a / b for a, b in pairs])
        ratios.append(row)
    return {"per_second": figures, "ratios": ratios}


def show(results: dict[str, Any]) -> None:
    """Print the table."""
    print(f"{'':38}{'per second':>24}{'per second of CPU':>28}")
    for what, figures in results["per_second"].items():
        print(f"{what:38}{_text(figures['wall']):>24}{_text(figures['cpu']):>28}")
    for row in results["ratios"]:
        bar = f"  (bar {row['bar']:g})" if row["bar"] else ""
        print(f"{row['ours'] + ' / ' + row['peer'] + bar:38}{_text(row['wall']):>24}{_text(row['cpu']):>28}")


def _text(found: dict[str, float]) -> str:
    return f"{found['median']:.1f} [{found['low']:.1f}, {found['high']:.1f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--peer-python", default=".venv-peers/bin/python")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0, help="per measurement")
    parser.add_argument("--threads", type=int, default=available_cores(), help="of both learners")
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/rollout.json"))
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    settings = {
        "size": SIZE, "environments": PER_PROCESS * available_cores(), "processes": available_cores(),
        **{name: getattr(arguments, name) for name in ("rounds", "seconds", "threads")},
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        folder, load = Path(name), os.getloadavg()[0]
        start(folder, load_before=round(load, 2))
        with timed(folder, "rollout"):
            found = interleaved(arguments.peer_python, arguments.rounds, arguments.seconds, arguments.threads)
        origin = provenance(folder) | {"command": "python benchmarks/rollout.py"}
    results = summary(found)
    show(results)
    write_json(arguments.output, {"provenance": origin, "settings": settings, **results})


if __name__ == "__main__":
    main()
