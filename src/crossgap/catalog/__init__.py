"""Every method by name, put together from phases: what `crossgap train` and the experiments offer."""

from crossgap.catalog.baselines import BASELINES
from crossgap.catalog.cycle import CYCLE
from crossgap.catalog.forward import FORWARD
from crossgap.catalog.inverse import INVERSE
from crossgap.catalog.methods import Method, Methods, check_pair

METHODS: dict[str, Method] = {**BASELINES, **INVERSE, **FORWARD, **CYCLE}
"""Every method by name, in the order of tables."""
MAIN = (
    "source_only", "target_only", "fine_tuned", "taskgan_inverse", "taskgan_inverse_refined", "oracle",
)  # fmt: skip
"""The methods of `crossgap demo`, in the order of its tables."""

__all__ = ["CYCLE", "INVERSE", "MAIN", "METHODS", "Method", "Methods", "check_pair"]
