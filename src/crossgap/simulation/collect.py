"""Collect labelled images from a built-in world: episodes of it, rendered in a look."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from crossgap.base.files import alone, attempt, lock_file, remove, write_json, write_text
from crossgap.base.machine import available_cores
from crossgap.base.processes import ProcessDied, check_main_script, die_with_parent, process_pool
from crossgap.collection import Collection
from crossgap.data.cells import Track, untracked
from crossgap.data.folder import ABOUT, collected
from crossgap.data.image_file import MAX_PIXELS, save_image
from crossgap.data.table import LABELS, write_table
from crossgap.errors import CrossgapError, find
from crossgap.simulation.base.randomization import get_randomization
from crossgap.simulation.registry import WORLDS

CHUNK = 12
"""Episodes that a worker collects at once; what a killed collection repeats at most per worker."""
DIED = "A rendering process died; `crossgap doctor` checks OpenGL. Start again to go on where it was."


def collect(
    collection: Collection, output: str | Path, workers: int | None = None, track: Track = untracked
) -> Path:
    """Collect into a new folder that `read_folder` reads; a killed collection is continued.

    An episode is one file, a strip of its images: creating files costs more than rendering. Each is read
    back and compared after it was written. Of two processes that collect into one folder at once the second
    waits, and finds it done.

    The processes that render are spawned: a script that collects does so under `if __name__ == "__main__":`.

    Args:
        collection: what to collect.
        output: the folder to make.
        workers: processes, each with a renderer; all cores by default.
        track: shows progress.

    Raises:
        CrossgapError: an unknown look or randomization, a folder that holds something else, a full
            disk, no OpenGL, or a script without that guard. Nothing half-written stays behind.
    """
    output = Path(output)
    _check(collection, workers)
    if output.exists():
        return _existing(collection, output)
    check_main_script()
    with alone(output):
        try:
            if output.exists():  # another process has just made it
                return _existing(collection, output)
            return _new(collection, output, workers, track)
        finally:
            remove(lock_file(output))


def _new(collection: Collection, output: Path, workers: int | None, track: Track) -> Path:
    partial = output.with_name(f".{output.name}.partial")
    with attempt(f"write {output}"):
        try:
            if _read_about(partial) != asdict(collection):
                remove(partial)
                (partial / "images").mkdir(parents=True)
                write_json(partial / ABOUT, asdict(collection))
            if not (partial / LABELS).exists():
                _collect_chunks(collection, partial, workers or available_cores(), track)
            _join_tables(partial)
            partial.rename(output)
        except (OSError, CrossgapError) as error:
            if not isinstance(error, ProcessDied):  # else what is done is there when it is started again
                remove(partial)
            raise
    return output


def _check(collection: Collection, workers: int | None) -> None:
    world = WORLDS.find(collection.world)
    find("Look", collection.look, world.looks)
    get_randomization(collection.randomization)
    if collection.per_frame and collection.randomization == "none":
        raise CrossgapError("--per-frame needs --randomization, such as full; there is none to repeat.")
    if workers is not None and workers < 1:
        raise CrossgapError(f"--workers must be at least 1; got {workers}.")
    if collection.seed < 0:
        raise CrossgapError(f"--seed must be 0 or more; got {collection.seed}.")
    for name, least in (("episodes", 1), ("steps", 2), ("size", 1)):
        if (value := getattr(collection, name)) < least:
            raise CrossgapError(f"--{name} must be at least {least}; got {value}.")
    if (pixels := collection.steps * collection.size**2) > MAX_PIXELS:
        raise CrossgapError(
            f"--steps {collection.steps} at --size {collection.size}: an episode is one file, and would have "
            f"{pixels:,} pixels. Expected at most {MAX_PIXELS:,}: {MAX_PIXELS // collection.size**2:,} steps."
        )
    if not 0 <= collection.perturbation < float("inf"):
        raise CrossgapError(f"--perturbation must be 0 or more; got {collection.perturbation}.")
    if collection.perturbation and not world.demonstrates:
        raise CrossgapError(
            f"World '{collection.world}' has no demonstrations to disturb. Expected --perturbation 0; "
            f"got {collection.perturbation}."
        )


def _existing(collection: Collection, output: Path) -> Path:
    if output.is_file():
        raise CrossgapError(f"{output} is a file. Expected a folder, or nothing yet.")
    if not (found := _read_about(output)):
        raise CrossgapError(f"{output} exists and is not a collected data set. Choose another folder.")
    if found != asdict(collection):
        changed = [k for k, v in asdict(collection).items() if found.get(k) != v]
        details = ", ".join(f"{k} {found.get(k)} there, {getattr(collection, k)} here" for k in changed)
        raise CrossgapError(f"{output} holds another collection ({details}). Choose another folder.")
    return output


def _read_about(folder: Path) -> dict[str, Any]:
    """A folder's description, empty where there is none; a setting that did not exist when it was written had
    its default."""
    found = collected(folder, f"Put a whole copy there, or delete {folder} to collect it again.")
    return asdict(Collection()) | found if found else {}


def _collect_chunks(collection: Collection, partial: Path, workers: int, track: Track) -> None:
    starts = range(0, collection.episodes, CHUNK)
    jobs = [(collection, partial, first) for first in starts if not _chunk_table(partial, first).exists()]
    with process_pool(workers, DIED, die_with_parent) as pool:
        for _ in track(pool.map(_collect_chunk, jobs), f"collect {collection.look}", len(jobs)):
            pass


def _chunk_table(partial: Path, first: int) -> Path:
    return partial / f"labels-{first:06d}.csv"


def _states(collection: Collection, index: int):
    """One episode: a state for each step, labels (steps, k), and the rng of how it looks."""
    states, appearance = np.random.SeedSequence([collection.seed, index]).spawn(2)
    rng, world = np.random.default_rng(states), WORLDS.find(collection.world)
    return *world.episode(collection.steps, collection.perturbation, rng), np.random.default_rng(appearance)


def _collect_chunk(job: tuple[Collection, Path, int]) -> None:
    collection, partial, first = job
    world = WORLDS.find(collection.world)
    scene = world.scene.shared(collection.look, collection.randomization, collection.size)
    rows = []
    for index in range(first, min(first + CHUNK, collection.episodes)):
        states, labels, rng = _states(collection, index)
        appearance, frames = scene.new_appearance(rng), []
        strip = f"images/{index:05d}.{collection.format}"
        for step, (state, label) in enumerate(zip(states, labels, strict=True)):
            frames.append(scene.render(*state, appearance))
            rows.append((f"{strip}#{step}", index, step, *(f"{value:.8g}" for value in label)))
            new = scene.new_appearance(rng) if collection.per_frame else None
            appearance = new or scene.next_appearance(appearance, rng)
        save_image(np.concatenate(frames), partial / strip)
    write_table(_chunk_table(partial, first), world.label_names, rows)


def _join_tables(partial: Path) -> None:
    """Join the chunks' tables into one `labels.csv`; once it is there, only the tables are in the way."""
    tables = sorted(partial.glob("labels-*.csv"))
    if not (partial / LABELS).exists():
        lines = [table.read_text(encoding="utf-8").splitlines() for table in tables]
        rows = [lines[0][0], *(row for table in lines for row in table[1:])]
        write_text(partial / LABELS, "\n".join(rows) + "\n")
    for table in tables:
        table.unlink()
