"""Attempts, steps and frames a second of the grasping world, and how often scripts and chance succeed.

    python benchmarks/grasping_world.py

One process, a fresh bin for every attempt, 64 px. Seconds are the process's own (`time.process_time`), so
that other work on the machine does not count. Writes results/benchmarks/grasping_world.json, in two minutes.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np

from crossgap.base.files import write_json
from crossgap.core.runs import provenance, start, timed
from crossgap.core.statistics import wilson_interval
from crossgap.simulation.grasping import IIWA_GRASP, IIWA_GRASP_ONCE
from crossgap.simulation.grasping.script import OnceScript, Script

OUTPUT = Path("results/benchmarks/grasping_world.json")
FRAMES = 500
Act = Callable[[dict[str, np.ndarray]], np.ndarray]
RUNS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (IIWA_GRASP, "script", {}),
    (IIWA_GRASP, "script", {"cameras": ()}),
    (IIWA_GRASP, "script", {"setup": "multi_bin"}),
    (IIWA_GRASP_ONCE, "script", {}),
    (IIWA_GRASP_ONCE, "script", {"cameras": ()}),
    (IIWA_GRASP_ONCE, "script", {"cameras": (), "unseen": True}),
    (IIWA_GRASP_ONCE, "random", {"cameras": ()}),
)
"""Environment, who acts, and arguments."""


def played(env: gymnasium.Env, begun: Callable[[np.random.Generator], Act], attempts: int) -> dict[str, Any]:
    """What there is to say of that many attempts with seeds from 0; `begun` makes what acts in one."""
    env.reset(seed=0)  # makes the renderer
    rng, steps, won, since = np.random.default_rng(0), 0, 0, time.process_time()
    for seed in range(attempts):
        seen, info = env.reset(seed=seed)
        act, over = begun(rng), False
        while not over:
            (action,) = act({name: seen[name][None] for name in ("state", "agent_pos")})
            seen, _, over, _, info = env.step(action)
            steps += 1
        won += info["is_success"]
    seconds = time.process_time() - since
    low, high = wilson_interval(won, attempts)
    return {
        "success": won / attempts, "low": low, "high": high, "attempts": attempts,
        "steps_per_attempt": steps / attempts, "steps_per_second": steps / seconds,
        "attempts_per_second": attempts / seconds,
    }  # fmt: skip


def measure(attempts: int) -> list[dict[str, Any]]:
    """A row for each of `RUNS`, and one of frames alone."""
    rows = []
    for world, who, about in RUNS:
        env = gymnasium.make(world, disable_env_checker=True, **about).unwrapped
        script = OnceScript if world == IIWA_GRASP_ONCE else Script

        def at_random(rng: np.random.Generator, env: Any = env) -> Act:
            return lambda seen: rng.uniform(-1, 1, (1, *env.action_space.shape))

        found = played(env, at_random if who == "random" else script, attempts)
        rows.append(
            {"world": world, "acts": who, "about": {name: str(value) for name, value in about.items()}}
            | found
        )
        print(rows[-1], flush=True)
    since = time.process_time()
    for _ in range(FRAMES):
        env.render()
    rows.append({"frames_per_second": FRAMES / (time.process_time() - since)})
    print(rows[-1])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--attempts", type=int, default=200)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        start(Path(name))
        with timed(Path(name), "grasping_world"):
            rows = measure(arguments.attempts)
        origin = provenance(Path(name))
    origin |= {"command": f"python benchmarks/grasping_world.py --attempts {arguments.attempts}"}
    write_json(arguments.output, {"provenance": origin, "rows": rows})


if __name__ == "__main__":
    main()
