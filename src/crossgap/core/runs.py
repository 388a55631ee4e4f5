"""Run folders: which run one holds, going on with an unfinished one, and where its results come from: when
and how its processes were started, and how long its stages took."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from filelock import BaseFileLock, FileLock, Timeout

from crossgap.base.files import alone, append_json_line, attempt, read_json, read_json_lines, write_json
from crossgap.base.machine import machine, threads_here, versions
from crossgap.base.progress import say
from crossgap.base.records import as_json, differences, mismatch, summary
from crossgap.errors import CrossgapError

CONFIG, LOCK, SETUP, EXTRA = "config.json", ".lock", "setup.json", "extra.json"
RUN = {"preset": str, "look": str, "seed": int, "settings": dict}
"""What may be in `CONFIG`."""
PART_PRECISION = "_precision"
"""How the precision of a part that has one of its own is called; once `precision` stood for it, too."""
_LOCKS: dict[Path, BaseFileLock] = {}  # by run folder, held as long as this process lives


def open_run(folder: Path, config: dict[str, Any], threads: int | None = None) -> Path:
    """Make a run folder with its `config.json`, or go on with the one that is there.

    Where its data sets are may change from start to start; what they hold may not. How many threads it is
    computed with is kept and not compared; a line says where it changes, for sums then round otherwise.

    Args:
        folder: of the run.
        config: all that its results depend on.
        threads: that it is computed with; those of this process by default.

    Raises:
        CrossgapError: the folder is a file, or holds another run or other files.
    """
    if folder.exists() and not folder.is_dir():
        raise CrossgapError(f"{folder} is a file. Expected a folder for the run, or nothing yet.")
    path, threads = folder / CONFIG, threads or threads_here()
    if path.exists():
        if different := summary(_config_of(path, config), as_json(config)):
            raise CrossgapError(
                f"{folder} holds another run: {different}. "
                "Choose another folder, or use the run's own settings to go on with it."
            )
        if (begun := read_json(path, "run configuration").get("threads", threads)) != threads:
            say(
                f"{folder} was begun on {begun} threads and goes on with {threads}: results may differ from "
                f"those of {begun} alone, for sums round otherwise."
            )
    elif folder.exists() and any(not item.name.endswith(".partial") for item in folder.iterdir()):
        raise CrossgapError(
            f"{folder} is not empty and not a run: it has no {CONFIG}. Expected a new or a run's own folder."
        )
    else:
        write_json(path, config | {"threads": threads})
    return folder


def keep_extra(folder: Path, extra: dict[str, Any]) -> None:
    """Keep in a run's folder what only some of its methods depend on, such as a further data set: it may be
    added to a run, and never changed.

    Raises:
        CrossgapError: the run has another one.
    """
    with alone(path := folder / EXTRA):
        found = read_json(path, "run configuration", dict) if path.exists() else {}
        known = {key: value for key, value in found.items() if key in extra}
        if different := summary(known, {key: extra[key] for key in known}):
            raise CrossgapError(
                f"{folder} holds another run: {different}. Choose another folder, or give the run's own."
            )
        if set(extra) - set(found):
            write_json(path, found | extra)


def _config_of(path: Path, wanted: dict[str, Any]) -> dict[str, Any]:
    """A run's settings as they would be written now for such a run as `wanted`, without the threads; how many
    seeds it has was one of them once, and can change now; the hardware stood twice in some."""
    again = f"Put a whole copy there, or delete {path.parent} to run it anew."
    found = read_json(path, "run configuration", dict, again)
    if parts := [key for key in wanted if key.endswith(PART_PRECISION) and key not in found]:
        found |= dict.fromkeys(parts, found.get("precision")) | {"precision": wanted["precision"]}
    if isinstance(settings := found.get("settings"), dict):
        twice = ("device", "precision") if settings.get("device") == found.get("device") else ()
        found["settings"] = {key: value for key, value in settings.items() if key not in twice}
    return {key: value for key, value in found.items() if key not in ("seeds", "threads")}


def read_run(folder: Path, needs: Sequence[str] = ()) -> dict[str, Any]:
    """The settings of a run with a preset.

    Args:
        folder: of the run.
        needs: which of `RUN` have to be there.

    Raises:
        CrossgapError: there is none, or they are damaged.
    """
    again = f"Put a whole copy there, or delete {folder} to run it anew."
    found = read_json(folder / CONFIG, "run", dict, again)
    shape = {"experiment": str} | {key: kind for key, kind in RUN.items() if key in found or key in needs}
    if problem := mismatch(found, shape):
        raise CrossgapError(f"The run {folder / CONFIG} is damaged: {problem}. {again}")
    return found


def same_setup(folder: Path, setup: Any) -> None:
    """Keep what a training is of in its folder, so that it never goes on as another one.

    Args:
        folder: of the training; made where there is none.
        setup: a dataclass. A field that it got later has its default there, which is what was done before.

    Raises:
        CrossgapError: the folder is of another setup.
    """
    if different := setup_differences(folder, setup):
        raise CrossgapError(
            f"{folder} holds another training: {'; '.join(different)}. Remove it, or start a new run."
        )
    if not (folder / SETUP).exists():
        write_json(folder / SETUP, asdict(setup))


def setup_differences(folder: Path, setup: Any) -> list[str]:
    """How the training in a folder, if there is one, differs from one of this setup, as in `same_setup`."""
    if not (folder / SETUP).exists():
        return []
    found = as_json(asdict(type(setup)())) | read_json(folder / SETUP, "setup", dict)
    return differences(found, as_json(asdict(setup)))


def find_run(
    name: str, config: dict[str, Any], root: Path = Path("outputs"), fresh: bool = False,
    threads: int | None = None,
) -> Path:  # fmt: skip
    """`<root>/<date>/<time>_<name>`: the newest run of this very configuration, or a new one.

    A run whose configuration is damaged is passed over, with a line that says so.
    """
    for path in sorted(root.glob(f"*/*_{name}/{CONFIG}"), reverse=True) if not fresh else ():
        try:
            found = _config_of(path, config)
        except CrossgapError as error:
            say(f"{error} Passed over; remove {path.parent} to be rid of it.")
            continue
        if not summary(found, as_json(config)):
            return open_run(path.parent, config, threads)
    return open_run(root / f"{datetime.now():%Y-%m-%d/%H-%M-%S}_{name}", config, threads)


def seeds_of(folder: Path) -> list[int]:
    """The seeds that a reproduction's run folder holds so far."""
    return sorted(int(path.name.removeprefix("seed_")) for path in folder.glob("seed_*"))


def check_seed(seed: int) -> int:
    """The seed.

    Raises:
        CrossgapError: it is negative.
    """
    if seed < 0:
        raise CrossgapError(f"--seed must be 0 or more; got {seed}.")
    return seed


def lock_run(folder: Path) -> None:
    """Keep the run to this process until it ends, however it ends.

    Raises:
        CrossgapError: another process works on it, or the place cannot be written.
    """
    if folder.resolve() in _LOCKS:
        return
    lock = FileLock(folder / LOCK, blocking=False)
    with attempt(f"lock {folder}"):  # on a disk that is read-only, or that has no locks
        try:
            lock.acquire()
        except Timeout:
            raise CrossgapError(
                f"Another process is working on {folder}. Wait for it, or choose another --output."
            ) from None
    _LOCKS[folder.resolve()] = lock


TIMES, STARTS = "times.jsonl", "starts.jsonl"
STAGE = {"stage": str, "seconds": float, "time": float}
START = {"time": float, "commit": str, "command": str}
"""What is in a row of `TIMES`, and of `STARTS`."""


def start(folder: Path, **about: Any) -> None:
    """Write down that a process works on the run from now on: when, how, and from which commit."""
    row = {
        "time": time.time(), "started": datetime.now().astimezone().isoformat(timespec="seconds"),
        "commit": _commit(), "command": _command(sys.argv[1:]), "machine": machine(),
        "threads": threads_here(), "versions": versions(),
    }  # fmt: skip
    append_json_line(folder / STARTS, row | about)


def _command(arguments: list[str]) -> str:
    """The command without where it wrote to: no figure depends on that, and it names somebody's folders."""
    out, words = ("--output", "--results"), ["crossgap", *arguments]
    kept = [word for last, word in pairwise(words) if last not in out and not word.startswith(out)]
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
    if not path.exists():
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
        if finished := [row["time"] for row in stages if begin["time"] <= row["time"] < end]:
            wall += max(finished) - begin["time"]
            worked.append(begin)
    rows = worked or starts
    joined = {key: ", then ".join(dict.fromkeys(row[key] for row in rows)) for key in ("commit", "command")}
    about = {"commit": "", **rows[0]} | joined | {"wall_s": round(wall, 1)}
    return {key: value for key, value in about.items() if key != "time"}


def _commit() -> str:
    """The checkout's commit, with `+changes` where it has uncommitted ones; `unknown` outside git."""
    here = Path(__file__).parents[1]

    def git(*arguments: str) -> str:
        words = ["git", "-C", str(here), *arguments]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()

    try:
        git("ls-files", "--error-unmatch", __file__)  # else it is the repository of somebody's project
        changed = git("status", "--porcelain", "--", str(here))
        return git("rev-parse", "--short=12", "HEAD") + ("+changes" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
