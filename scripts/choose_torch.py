"""Which build of torch to install? Prints a requirement for pip; what it means in size goes to the terminal.

For `setup.sh`, in .venv before anything is installed: only the standard library. PyPI's torch for Linux
brings CUDA, gigabytes that do nothing without an NVIDIA GPU: there, the CPU build is taken where pip finds
one. TORCH in the environment names a build, as torch's version does after its "+": cpu, cu130, …
"""

import os
import re
import runpy
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[1]
WITH_CPU = "about 0.5 GB to fetch in all, and 1.8 GB of disk"
WITH_CUDA = "about 3 GB to fetch in all, and 5.6 GB of disk"


def how(build: str) -> str:
    """How to have a build of torch that pip does not find."""
    return (
        f"make TORCH={build} PIP_EXTRA_INDEX_URL=ADDRESS takes it; the address is that after --index-url in "
        f"the command that https://pytorch.org/get-started/locally/ gives for pip and {build}"
    )


def pinned(constraints: str) -> str:
    """The version of torch that a constraints file names."""
    found = re.search(r"^torch==(\S+)$", constraints, re.MULTILINE)
    if found is None:
        raise SystemExit("constraints.txt has no line torch==VERSION.")
    return found[1]


def installed() -> str:
    """The version of torch that is here, or nothing."""
    try:
        return metadata.version("torch")
    except metadata.PackageNotFoundError:
        return ""


def offered() -> list[str]:
    """The versions of torch that pip finds where it is pointed, local ones such as 2.13.0+cpu too."""
    ask = [sys.executable, "-m", "pip", "--disable-pip-version-check", "index", "versions", "torch"]
    answer = subprocess.run(ask, capture_output=True, text=True)
    found = re.search(r"^Available versions: (.*)$", answer.stdout, re.MULTILINE)
    return found[1].split(", ") if found else []


def choose(version: str, build: str, here: str, gpu: bool, linux: bool, found: list[str]) -> tuple[str, str]:
    """What to install, and a sentence about it.

    Args:
        version: of torch, as pinned.
        build: the one that was asked for by name, or nothing.
        here: the version that is installed, or nothing.
        gpu: whether there is an NVIDIA GPU.
        linux: elsewhere pip's torch has no CUDA.
        found: the versions that pip can have.

    Raises:
        SystemExit: the build that was asked for cannot be had.
    """
    cpu, wanted = f"{version}+cpu", f"{version}+{build}"
    if here == wanted or (not build and here.partition("+")[0] == version):
        return f"torch=={here}", f"torch {here} is here already"
    if build and wanted not in found:
        raise SystemExit(f"pip finds no torch {wanted} where it is pointed. {how(build)}.")
    if build:
        return f"torch=={wanted}", f"torch {wanted}: {WITH_CPU if wanted == cpu else WITH_CUDA}"
    if not linux:
        return f"torch=={version}", f"torch {version}: {WITH_CPU}"
    if gpu:  # pip itself would prefer 2.13.0+cpu to 2.13.0
        others = [name for name in found if name.partition("+")[0] == version and name != cpu]
        taken = f"torch==={others[0]}" if others else f"torch=={version}"
        return taken, f"There is an NVIDIA GPU. torch with CUDA: {WITH_CUDA}"
    if cpu in found:
        return f"torch=={cpu}", f"There is no NVIDIA GPU. torch's CPU build: {WITH_CPU}"
    advice = f"To save most of that stop now, with Ctrl-C: {how('cpu')}"
    return (
        f"torch=={version}",
        f"There is no NVIDIA GPU, and pip finds no CPU build of torch: {WITH_CUDA}. {advice}",
    )


def main() -> None:
    version = pinned((ROOT / "constraints.txt").read_text(encoding="utf-8"))
    build, here = os.environ.get("TORCH", ""), installed()
    found = [] if here.partition("+")[0] == version and not build else offered()
    gpu = runpy.run_path(str(ROOT / "src/crossgap/base/machine.py"))["has_gpu"]()
    requirement, sentence = choose(version, build, here, gpu, sys.platform == "linux", found)
    free = shutil.disk_usage(".").free / 1e9
    print(f"{free:.0f} GB of disk are free here. {sentence}.", file=sys.stderr)
    print(requirement)


if __name__ == "__main__":
    main()
