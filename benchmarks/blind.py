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
from pathlib import Path
from typing import Any

from crossgap.base.files import write_json
from crossgap.core.runs import provenance, start, timed
from crossgap.core.statistics import wilson_interval
from crossgap.evaluation import TEST_STARTS
from crossgap.experiments.taskgan.sightless import DRAWN, best_place, cubes, near

OUTPUT = Path("results/benchmarks/blind.json")
OTHERS = range(3_000, 5_000)
"""Seeds of starts to measure the poses on, beside the test starts."""


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
    poses = {"mean": drawn.mean(0), "best": best_place(drawn)}
    rows = []
    for pose, tip in poses.items():
        value = float(near(tip, test).mean())
        low, high = wilson_interval(value * len(test), len(test))
        about = {"pose": pose, "tip_m": tip.round(3).tolist(), "metric": "success", "value": value}
        rows.append(
            about | {"low": low, "high": high, "n": len(test), "others": float(near(tip, others).mean())}
        )
    return rows


if __name__ == "__main__":
    main()
