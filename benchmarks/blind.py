"""What a policy reaches that sees nothing: it drives the arm to one pose, whatever the image shows.

    python benchmarks/blind.py

Two poses: the tip at the mean of where the cube may lie, which a regression without an eye would learn, and
the best one for 2,000 starts, more than which cannot be had. Nothing is trained or drawn: the arm follows
exactly, so where its tip ends is known. Writes success on the test starts with its interval, and on 2,000
other starts, to results/benchmarks/blind.json, in a second.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium.utils import seeding

from crossgap.base.files import write_json
from crossgap.core.runs import provenance, start, timed
from crossgap.core.statistics import wilson_interval
from crossgap.evaluation import TEST_STARTS
from crossgap.simulation.reach3.kinematics import SUCCESS_DISTANCE, sample_start

OUTPUT = Path("results/benchmarks/blind.json")
DRAWN, OTHERS = range(1_000, 3_000), range(3_000, 5_000)
"""Seeds of the starts that the poses are of, and of others to measure them on."""
GRID = 0.01
"""Metres between the tip positions that are tried."""


def cubes(seeds: Sequence[int]) -> np.ndarray:
    """Where the cube lies in each start of `crossgap/Reach3-v0`, (n, 3) metres."""
    found = []
    for seed in seeds:
        rng = seeding.np_random(seed)[0]
        rng.integers(2**63)  # the environment draws its look's seed first
        found.append(sample_start(rng)[1])
    return np.array(found)


def won(tip: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Which cubes (n, 3) a tip (3,) is near enough to, (n,) bool."""
    return np.linalg.norm(at - tip, axis=1) < SUCCESS_DISTANCE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        start(Path(name))
        with timed(Path(name), "blind"):
            rows = measure()
        origin = provenance(Path(name)) | {"command": "python benchmarks/blind.py"}
    write_json(arguments.output, {"provenance": origin, "rows": rows})
    for row in rows:
        print(
            "{pose}: {value:.0%} ({low:.0%} – {high:.0%}) of {n} test starts, {others:.1%} of others".format(
                **row
            )
        )


def measure() -> list[dict[str, Any]]:
    """A row for each pose."""
    drawn, test, others = cubes(DRAWN), cubes(TEST_STARTS), cubes(OTHERS)
    x, y = (np.arange(low, high, GRID) for low, high in ((0.0, 0.6), (-0.55, 0.55)))
    places = np.stack([*np.meshgrid(x, y), np.full((len(y), len(x)), drawn[0, 2])], -1).reshape(-1, 3)
    poses = {"mean": drawn.mean(0), "best": max(places, key=lambda place: won(place, drawn).sum())}
    rows = []
    for pose, tip in poses.items():
        value = float(won(tip, test).mean())
        low, high = wilson_interval(value * len(test), len(test))
        about = {"pose": pose, "tip_m": tip.round(3).tolist(), "metric": "success", "value": value}
        rows.append(
            about | {"low": low, "high": high, "n": len(test), "others": float(won(tip, others).mean())}
        )
    return rows


if __name__ == "__main__":
    main()
