"""How long the quick presets take: whole commands, from nothing, one seed, one worker per core.

    python benchmarks/quick_presets.py [--experiments taskgan digits …] [--keep DIR]

Each experiment runs in a folder of its own, which is thrown away or kept. Writes minutes with machine,
versions and commit to results/benchmarks/quick_presets.json; experiments that were not run keep theirs.
Nothing else should run meanwhile: the load before each is kept beside its time.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from crossgap.base.files import alone, read_json, write_json
from crossgap.base.machine import available_cores
from crossgap.core.runs import provenance, start, timed

EXPERIMENTS = ("taskgan", "mico", "digits", "budget", "task_weight")
"""Those of the TaskGAN papers, whose bar is 15 minutes on 2 cores."""
OUTPUT = Path("results/benchmarks/quick_presets.json")


def measure(experiment: str, keep: Path | None) -> dict[str, Any]:
    """One row: minutes of wall time of a whole reproduction.

    Raises:
        SystemExit: its folder is there already.
        subprocess.CalledProcessError: the command failed.
    """
    if keep and (keep / experiment).exists():
        raise SystemExit(
            f"{keep / experiment} is there already; it would be gone on with. Choose another --keep."
        )
    with tempfile.TemporaryDirectory() as name:
        folder, run = Path(name), (keep or Path(name)) / experiment
        command = [
            sys.executable, "-m", "crossgap", "reproduce", experiment, "--preset", "quick", "--seeds", "1",
            "--workers", str(available_cores()), "--output", str(run / "run"),
            "--results", str(run / "results"),
        ]  # fmt: skip
        load = round(os.getloadavg()[0], 2)
        start(folder)
        began = time.monotonic()
        with timed(folder, experiment):
            subprocess.run(command, check=True)
        minutes = (time.monotonic() - began) / 60
        origin = provenance(folder) | {
            "command": f"python benchmarks/quick_presets.py --experiments {experiment}"
        }
    return {"experiment": experiment, "minutes": round(minutes, 2), "load_before": load, "provenance": origin}


def add(row: dict[str, Any], path: Path) -> None:
    """Write an experiment's row into the results file, in the place of its row of before."""
    with alone(path):  # another process may measure others
        before = read_json(path)["rows"] if path.exists() else []
        rows = [*(other for other in before if other["experiment"] != row["experiment"]), row]
        write_json(path, {"rows": sorted(rows, key=lambda r: EXPERIMENTS.index(r["experiment"]))})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--experiments", nargs="+", choices=EXPERIMENTS, default=list(EXPERIMENTS))
    parser.add_argument("--keep", type=Path, help="keep run folders and results here")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    for experiment in arguments.experiments:
        row = measure(experiment, arguments.keep)
        add(row, arguments.output)
        print(f"{experiment}: {row['minutes']:.1f} minutes", flush=True)


if __name__ == "__main__":
    main()
