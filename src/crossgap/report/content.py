"""What a report is made of: results and pictures in memory, however they came about."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from crossgap.errors import CrossgapError
from crossgap.evaluation import ClosedLoop


@dataclass(frozen=True)
class ReportContent:
    """Everything that one report shows: all methods of one seed in one target domain."""

    title: str
    """Heading of the report."""
    domain: str
    """Name of the target domain, such as `target_b`."""
    rows: list[dict[str, Any]]
    """Flat result rows `{"domain", "method", "seed", "metric", "value", "low", "high", "n"}`; rates are
    in [0, 1], distances in metres, `held_out_mse` in the label scale. Other domains' rows are left out."""
    played: dict[str, ClosedLoop]
    """Per method, in the order of the tables: the test episodes, all on the same starts."""
    frames: dict[str, np.ndarray]
    """Per method (episodes, steps + 1, H, W, 3) uint8: images of the first test episodes; may be empty."""
    images: dict[str, np.ndarray]
    """Rows of pictures by label, each (n, H, W, 3) uint8: `source` shows any source images; `target`,
    `translated` and `true pair` show the same n moments. May be empty."""
    metrics: list[dict[str, Any]]
    """Rows of `metrics.jsonl`: `{"phase", "step", <metric>: <mean since the last row>}`."""
    provenance: dict[str, Any]
    """What `provenance.provenance` returns: commit, command, preset, machine, versions, started, wall_s."""
    config: dict[str, Any]
    """What was run, nested."""
    times: dict[str, float]
    """Seconds per stage."""
    success_distance: float
    """Below which an episode is a success, metres."""
    one_training: str = ""
    """That this is one training, and what others with other seeds came to: a sentence behind the verdict."""
    models: dict[str, str] = field(default_factory=dict)
    """Per method: the folder of its model, as seen from the report's."""

    def __post_init__(self) -> None:
        if not self.played:
            raise CrossgapError("Nothing to report: no method has been evaluated.")
        first, *others = self.played
        for method in others:
            if self.played[method].seeds != self.played[first].seeds:
                raise CrossgapError(
                    f"Methods '{first}' and '{method}' played different starts. Expected the same for all."
                )

    @property
    def starts(self) -> int:
        """Number of test starts."""
        return len(next(iter(self.played.values())).seeds)

    @property
    def seeds(self) -> list[int]:
        """Seeds of data and training that the rows come from."""
        return sorted({row["seed"] for row in self.rows if row["domain"] == self.domain})

    @property
    def episode_steps(self) -> int | None:
        """Steps of an episode in closed loop, where the settings say so."""
        return self._preset.get("episode_steps")

    @property
    def _preset(self) -> dict[str, Any]:
        preset = self.config.get("preset")
        return preset if isinstance(preset, dict) else {}

    def image_counts(self) -> tuple[str, str]:
        """How many labelled images there are of target and source, as words: ("800", "22,656")."""
        preset = self._preset
        if "steps" not in preset:
            return "few", "many"
        counts = (preset.get(f"{side}_episodes", 0) * preset["steps"] for side in ("target", "source"))
        few, many = (f"{count:,}" if count else "" for count in counts)
        return few or "few", many or "many"
