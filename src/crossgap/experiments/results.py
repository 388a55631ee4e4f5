"""Results files: flat rows, and where they come from. An experiment may fill its file in several runs."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from crossgap.errors import CrossgapError
from crossgap.files import read_json, write_json

FIGURES = ("value", "low", "high", "n")
"""The keys of a row that are figures; all others say what they are figures of."""


def check_settings(path: Path, settings: dict[str, Any]) -> str:
    """Whether results of these settings can be added to a file; the settings' digest.

    Raises:
        CrossgapError: the file holds results of other settings.
    """
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:12]
    if path.exists() and read_json(path, "results")["provenance"].get("settings") != digest:
        raise CrossgapError(
            f"{path} holds results of other settings of this preset. Move it away, or give another --results."
        )
    return digest


def add_results(
    path: Path, rows: list[dict[str, Any]], provenance: dict[str, Any], settings: dict[str, Any]
) -> Path:
    """Write rows into a results file; rows of other looks, seeds or methods that are there are kept.

    Args:
        path: `results/<experiment>/<preset>.json`.
        rows: one flat row per figure.
        provenance: of the run that made them; that of the runs before it is kept under `earlier`.
        settings: what the experiment depends on; rows of other settings are never mixed in.

    Raises:
        CrossgapError: the file holds results of other settings.
    """
    provenance = provenance | {"settings": check_settings(path, settings)}
    if path.exists():
        before = read_json(path, "results")
        known = {_what(row) for row in rows}
        kept = [row for row in before["rows"] if _what(row) not in known]
        if kept:
            earlier = dict(before["provenance"])
            provenance["earlier"] = [*earlier.pop("earlier", []), earlier]
            rows = kept + rows
    write_json(path, {"provenance": provenance, "rows": rows})
    return path


def _what(row: dict[str, Any]) -> str:
    return json.dumps({key: value for key, value in row.items() if key not in FIGURES}, sort_keys=True)
