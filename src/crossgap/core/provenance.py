"""Where results come from: when and how a run's processes were started, and how long its stages took."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from crossgap.base.files import alone, append_json_line, read_json_lines
from crossgap.base.machine import machine, threads_here, versions
from crossgap.errors import CrossgapError

TIMES, STARTS = "times.jsonl", "starts.jsonl"
STAGE = {"stage": str, "seconds": float, "time": float}
START = {"time": float, "commit": str, "command": str}
"""What is in a row of `TIMES`, and of `STARTS`."""


def start(folder: Path, **about: Any) -> None:
    """Write down that a process works on the run from now on: when, how, and from which commit."""
    row = {
        "time": time.time(),
        "started": datetime.now().astimezone().isoformat(timespec="seconds"),
        "commit": _commit(),
        "command": _command(sys.argv[1:]),
        "machine": machine(),
        "threads": threads_here(),
        "versions": versions(),
    }
    append_json_line(folder / STARTS, row | about)


def _command(arguments: list[str]) -> str:
    """The command without where it wrote to: no figure depends on that, and it names somebody's folders."""
    kept, skip = [], False
    for argument in arguments:
        if not skip and not argument.startswith(("--output", "--results")):
            kept.append(argument)
        skip = argument in ("--output", "--results")
    return " ".join(["crossgap", *kept])


@contextmanager
def timed(folder: Path, stage: str) -> Iterator[None]:
    """Write down a stage's wall time when it ends."""
    began = time.monotonic()
    yield
    row = {"stage": stage, "seconds": round(time.monotonic() - began, 2), "time": time.time()}
    append_json_line(folder / TIMES, row)


def made_once(path: Path, make: Callable[[], Any], root: Path, stage: str) -> None:
    """Make a file or folder unless it is there, once among all processes, and write down the time it took."""
    if path.exists():
        return
    with alone(path):
        if not path.exists():
            with timed(root, stage):
                make()


def read_times(folder: Path) -> dict[str, float]:
    """Seconds per finished stage, summed over what has the same name."""
    times: dict[str, float] = {}
    for row in read_json_lines(folder / TIMES, STAGE):
        times[row["stage"]] = round(times.get(row["stage"], 0.0) + row["seconds"], 2)
    return times


def provenance(folder: Path) -> dict[str, Any]:
    """Where a run's results come from: in every `results/**.json`.

    Of every process that finished a stage, so that a run which was continued from another commit says
    so. `wall_s` is the time from each such start to the last stage that it finished.
    """
    starts, stages = read_json_lines(folder / STARTS, START), read_json_lines(folder / TIMES, STAGE)
    if not starts:
        raise CrossgapError(
            f"{folder / STARTS} says of no start. Expected one row at least: run the command again, which "
            "does what is not done, and adds one."
        )
    ends = [row["time"] for row in starts[1:]] + [float("inf")]
    wall, worked = 0.0, []
    for begin, end in zip(starts, ends, strict=True):
        finished = [row["time"] for row in stages if begin["time"] <= row["time"] < end]
        if finished:
            wall += max(finished) - begin["time"]
            worked.append(begin)
    first = (worked or starts)[0]
    commits, commands = (dict.fromkeys(row[key] for row in worked or starts) for key in ("commit", "command"))
    return {
        "commit": ", then ".join(commits),
        **{key: value for key, value in first.items() if key not in ("time", "commit")},
        "command": ", then ".join(commands),
        "wall_s": round(wall, 1),
    }


def _commit() -> str:
    """The checkout's commit, with `+changes` where it has uncommitted ones; `unknown` outside git."""
    here = Path(__file__).parents[1]

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", str(here), *arguments], capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        git("ls-files", "--error-unmatch", __file__)  # else it is the repository of somebody's project
        changed = git("status", "--porcelain", "--untracked-files=no", "--", str(here))
        return git("rev-parse", "--short=12", "HEAD") + ("+changes" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
