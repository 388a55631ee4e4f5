"""`make install`: which build of torch it takes, and two of it at once; with a Python that only pretends."""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from rich.table import Table

from crossgap.base.machine import has_gpu
from crossgap.commands import doctor

ROOT = Path(__file__).parents[1]
TORCH = runpy.run_path(str(ROOT / "scripts/choose_torch.py"), run_name="choose_torch")
PLAIN, CPU, CU130 = "2.13.0", "2.13.0+cpu", "2.13.0+cu130"
FAKE = r"""#!/usr/bin/env bash
# Python as far as setup.sh needs it. What it does is in installed.txt.
case "$*" in
    *"import ensurepip"* | *check_opengl.py) exit 0 ;;
    *choose_torch.py) echo "torch==2.13.0+${TORCH:-}" ;;
    "-m venv --clear "*) rm -rf .venv; mkdir -p .venv/bin; cp "$0" .venv/bin/python
        echo venv >> installed.txt ;;
    "-m pip --version") [ -d .venv/bin ] ;;
    "-m pip install"*) echo "${TORCH:-}" > .venv/build
        echo "begin $*" >> installed.txt; sleep 0.3; echo end >> installed.txt ;;
    *metadata*) cat .venv/build 2>/dev/null ;;
    *) exec PYTHON "$@" ;;
esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What `setup.sh` needs of a checkout, and a Python that pretends to install."""
    (tmp_path / "scripts").mkdir()
    for name in ("scripts/setup.sh", "Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "python").write_text(FAKE.replace("PYTHON", sys.executable))
    (tmp_path / "python").chmod(0o755)
    return tmp_path


def install(checkout: Path, **variables: str) -> subprocess.Popen[str]:
    command = ["make", "install", f"PYTHON={checkout / 'python'}"]
    environment = {key: value for key, value in os.environ.items() if key not in ("TORCH", "MAKEFLAGS")}
    command += [f"{key}={value}" for key, value in variables.items()]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(command, cwd=checkout, env=environment, **pipes)


def installed(checkout: Path) -> list[str]:
    return [line.split()[0] for line in (checkout / "installed.txt").read_text().splitlines()]


def test_two_at_once_install_once_and_the_second_says_that_it_waits(checkout: Path) -> None:
    both = [install(checkout) for _ in range(2)]
    printed = [one.communicate(timeout=300)[0] for one in both]
    assert [one.returncode for one in both] == [0, 0], printed
    assert installed(checkout) == ["venv", "begin", "end"]
    assert all("Ready: .venv/bin/crossgap" in text for text in printed)
    assert sum("Another make is setting up .venv: waiting" in text for text in printed) == 1


def test_a_killed_one_lets_go_and_is_made_anew(checkout: Path) -> None:
    killed = install(checkout)
    while not (checkout / "installed.txt").exists() or len(installed(checkout)) < 2:
        assert killed.poll() is None
    killed.terminate()
    killed.communicate(timeout=300)
    again = install(checkout)
    assert "Ready" in again.communicate(timeout=300)[0]
    assert installed(checkout)[-3:] == ["venv", "begin", "end"]


def test_another_build_of_torch_gets_a_new_venv_and_the_same_none(checkout: Path) -> None:
    assert install(checkout, TORCH="cu130").wait(60) == 0
    assert install(checkout).wait(60) == 0  # any build is right
    assert installed(checkout) == ["venv", "begin", "end"]
    assert install(checkout, TORCH="cpu").wait(60) == 0
    assert install(checkout, TORCH="cpu").wait(60) == 0
    assert installed(checkout) == ["venv", "begin", "end"] * 2
    assert "torch==2.13.0+cpu --editable" in (checkout / "installed.txt").read_text()


@pytest.mark.parametrize(
    ("code", "found"), [("echo 'GPU 0: a card'", True), ("echo GPU; exit 9", False), ("echo none", False)]
)
def test_whether_there_is_a_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code, found) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not has_gpu()  # no driver
    (tmp_path / "nvidia-smi").write_text(f"#!/bin/sh\n{code}\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    assert has_gpu() == found


@pytest.mark.parametrize(
    ("gpu", "cuda", "words"),
    [
        (True, None, "this torch is a CPU build. In a checkout, `rm -r .venv; make install`"),
        (True, "13.0", "torch for CUDA 13.0 does not see it"),
        (False, None, ""),
    ],
)
def test_doctor_says_what_to_do_where_torch_does_not_use_the_gpu(monkeypatch, gpu, cuda, words) -> None:
    monkeypatch.setattr(doctor, "has_gpu", lambda: gpu)
    monkeypatch.setattr(torch.version, "cuda", cuda)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    doctor._training_rows(Table(), problems := [])
    assert [words in problem for problem in problems] == [True] * bool(words)


@pytest.mark.parametrize(
    ("build", "here", "gpu", "linux", "found", "requirement", "words"),
    [
        ("", "", False, True, [CU130, CPU, PLAIN], f"=={CPU}", "no NVIDIA GPU. torch's CPU build: about"),
        ("", "", False, True, [PLAIN], f"=={PLAIN}", "make TORCH=cpu PIP_EXTRA_INDEX_URL=ADDRESS"),
        ("", "", False, True, [], f"=={PLAIN}", "5.6 GB"),
        ("", "", True, True, [CPU, PLAIN], f"==={PLAIN}", "5.6 GB"),
        ("", "", True, True, [CU130, CPU, PLAIN], f"==={CU130}", "5.6 GB"),
        ("", "", True, True, [CPU], f"=={PLAIN}", "NVIDIA"),
        ("", "", False, False, [PLAIN], f"=={PLAIN}", "1.8 GB"),
        ("", CU130, False, True, [], f"=={CU130}", "is here already"),
        ("", "2.12.0+cpu", False, True, [CPU, PLAIN], f"=={CPU}", "CPU build"),
        ("cpu", "", True, True, [CPU, PLAIN], f"=={CPU}", "1.8 GB"),
        ("cpu", CU130, True, True, [CPU, PLAIN], f"=={CPU}", "1.8 GB"),
        ("cu130", "", False, True, [CU130, CPU], f"=={CU130}", "5.6 GB"),
    ],
)  # fmt: skip
def test_which_torch(build, here, gpu, linux, found, requirement, words) -> None:
    taken, sentence = TORCH["choose"](PLAIN, build, here, gpu, linux, found)
    assert taken == f"torch{requirement}"
    assert words in sentence


def test_a_build_that_pip_does_not_find_says_how_to_point_pip() -> None:
    with pytest.raises(
        SystemExit, match=r"no torch 2\.13\.0\+cpu .*PIP_EXTRA_INDEX_URL=ADDRESS.*pytorch\.org"
    ):
        TORCH["choose"](PLAIN, "cpu", PLAIN, False, True, [PLAIN])


def test_the_version_is_that_of_the_constraints() -> None:
    constraints = (ROOT / "constraints.txt").read_text()
    assert re.fullmatch(r"\d+\.\d+\.\d+", TORCH["pinned"](constraints))
