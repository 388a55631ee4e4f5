"""What several test files need: small data sets, a toy world with a gap, a full disk, other processes."""

from __future__ import annotations

import errno
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import lightning_fabric
import numpy as np
import pytest
import torch

from crossgap.base.machine import available_cores
from crossgap.core.fabric import make_fabric
from crossgap.data import LabelledImages

# one thread, in processes that tests start, too, unless somebody asks for more: the networks here are tiny
torch.set_num_threads(int(os.environ.setdefault("OMP_NUM_THREADS", "1").split(",")[0]))

TOY_SIZE = 24


def pytest_xdist_auto_num_workers() -> int:
    """As many processes as have cores for all of their threads: too many threads wait for each other."""
    return max(1, available_cores() // torch.get_num_threads())


def make_toy(domain: str, n: int, seed: int) -> LabelledImages:
    """Two disks; the position of one of them is the label.

    source: a red disk with the label and a blue one, on plain grey. target: the labelled disk is blue and
    the other one orange, on a ground with reddish waves that differ from image to image: the source model
    looks for the wrong one. Equal seeds give true pairs.
    """
    rng = np.random.default_rng(seed)
    centre, other = rng.uniform(5, TOY_SIZE - 5, (2, n, 2))
    y, x = np.mgrid[:TOY_SIZE, :TOY_SIZE] + 0.5

    def disk(at: np.ndarray) -> np.ndarray:
        distance = np.hypot(x - at[:, :1, None], y - at[:, 1:, None])
        return np.clip(4 - distance, 0, 1)[..., None]

    images = np.full((n, TOY_SIZE, TOY_SIZE, 3), 0.3)
    colours = (0.1, 0.3, 0.9), (1.0, 0.2, 0.1)
    if domain == "target":
        waves = np.sin(x * 1.3 + rng.uniform(0, 6, (n, 1, 1))) * np.cos(y * 0.7)
        images = 0.6 + waves[..., None] * np.array([0.3, 0.1, 0.1])
        colours = (0.9, 0.5, 0.1), (0.1, 0.2, 0.6)
    for at, colour in zip((other, centre), colours, strict=True):
        images = images + disk(at) * (np.array(colour) - images)
    return LabelledImages(
        images=np.round(255 * np.clip(images, 0, 1)).astype(np.uint8),
        labels=centre.astype(np.float32),
        label_names=("x", "y"),
        episodes=np.arange(n),
    )


@pytest.fixture(scope="session")
def toy() -> Callable[[str, int, int], LabelledImages]:
    """`make_toy(domain, n, seed)`."""
    return make_toy


@pytest.fixture(scope="session")
def fabric() -> lightning_fabric.Fabric:
    """One CPU process in float32, where results are the same bit for bit."""
    return make_fabric("cpu", "32-true")


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of 200 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(disk)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("only root can mount a small disk")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.fixture
def no_space(monkeypatch: pytest.MonkeyPatch) -> Callable[[object, str], None]:
    """`no_space(owner, name)`: calling that function finds the disk full."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    return lambda owner, name: monkeypatch.setattr(owner, name, fail)


@pytest.fixture
def python(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`python(code, *arguments)` runs a script in a new process, which may be killed on the way."""

    def run(code: str, *arguments: object, launcher: tuple[str, ...] = ()):
        script = tmp_path / "script.py"
        script.write_text(code, encoding="utf-8")
        command = [sys.executable, *launcher, str(script), *map(str, arguments)]
        output, errors = tmp_path / "script.out", tmp_path / "script.err"  # files: orphans may hold them
        with output.open("w") as out, errors.open("w") as err:
            done = subprocess.run(command, stdout=out, stderr=err, timeout=120, check=False)
        texts = output.read_text(encoding="utf-8"), errors.read_text(encoding="utf-8")
        for path in (script, output, errors):
            path.unlink()
        return subprocess.CompletedProcess(command, done.returncode, *texts)

    return run


@pytest.fixture
def at_once() -> Callable[..., None]:
    """`at_once(code, *arguments)` runs a script in a process for each tuple of arguments, all from the same
    moment on: when each has called `ready()`, after its imports."""

    def run(code: str, *arguments: Sequence[object]) -> None:
        code = f"import sys\ndef ready():\n print('ready', flush=True)\n sys.stdin.readline()\n{code}"
        pipe = subprocess.PIPE
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", code, *map(str, one)],
                stdin=pipe, stdout=pipe, stderr=pipe, text=True,
            )
            for one in arguments
        ]  # fmt: skip
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()
        for process in processes:
            with suppress(BrokenPipeError):
                assert process.stdin is not None
                process.stdin.write("\n")
                process.stdin.flush()
        errors = [process.communicate(timeout=120)[1] for process in processes]
        assert [process.returncode for process in processes] == [0] * len(processes), errors

    return run


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def all_end() -> Callable[[list[int]], bool]:
    """`all_end(pids)`: whether these processes end by themselves within 20 s; ends them if not."""

    def wait(pids: list[int]) -> bool:
        deadline = time.monotonic() + 20
        while (left := [pid for pid in pids if _alive(pid)]) and time.monotonic() < deadline:
            time.sleep(0.05)
        for pid in left:
            os.kill(pid, 9)
        return not left

    return wait


@pytest.fixture(scope="session")
def tree() -> Callable[[Path], dict[str, bytes]]:
    """`tree(folder)`: every file's bytes by its relative path, hidden ones too."""
    return lambda folder: {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def ray() -> Iterator[Any]:
    """Ray, with a cluster of this machine alone; a test that asks for it is skipped where it is not
    installed."""
    ray = pytest.importorskip("ray")
    about = {"include_dashboard": False, "log_to_driver": False, "logging_level": logging.ERROR}
    for last in (False, False, True):
        try:
            ray.init(address="local", num_cpus=2, **about)
            break
        except Exception:  # Ray's own patience is 30 s, which a machine with other work can need
            ray.shutdown()
            if last:
                raise
    yield ray
    ray.shutdown()
