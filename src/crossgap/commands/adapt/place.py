"""The run folder of an adaptation: the one that was begun, or a new one."""

from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Any

from crossgap.base.files import read_json
from crossgap.base.records import as_json, summary
from crossgap.core.runs import CONFIG
from crossgap.errors import CrossgapError

ROOT = Path("outputs")


def find_place(settings: dict[str, Any], parts: dict[str, Any], root: Path = ROOT) -> Path:
    """The newest run folder under `root` of these settings, or the name of a new one.

    Args:
        settings: of the run, without the methods' own `config`.
        parts: those, by part; a run may have more, or not yet all.
        root: where `<date>/<time>_adapt` are.
    """
    for path in sorted(root.glob(f"*/*_adapt/{CONFIG}"), reverse=True):
        if _fits(path, as_json(settings), as_json(parts)):
            return path.parent
    return root / f"{datetime.now():%Y-%m-%d/%H-%M-%S}_adapt"


def _fits(path: Path, settings: dict[str, Any], parts: dict[str, Any]) -> bool:
    try:
        found = read_json(path, "run configuration", dict)
    except CrossgapError:
        return False
    config = found.pop("config", None)
    found.pop("threads", None)
    return isinstance(config, dict) and not summary(found, settings) and not _differ(config, parts)


def _differ(config: dict[str, Any], parts: dict[str, Any]) -> Collection[str]:
    return [part for part, value in config.items() if part in parts and parts[part] != value]
