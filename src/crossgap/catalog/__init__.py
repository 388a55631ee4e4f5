"""Every method by name, put together from phases: what `crossgap train` and the experiments offer."""

from crossgap.catalog.baselines import BASELINES
from crossgap.catalog.canonical import CANONICAL
from crossgap.catalog.cycle import CYCLE
from crossgap.catalog.features import FEATURES
from crossgap.catalog.forward import FORWARD
from crossgap.catalog.inverse import INVERSE
from crossgap.catalog.methods import Method, Methods, check_pair

METHODS: dict[str, Method] = {**BASELINES, **INVERSE, **FORWARD, **CYCLE, **CANONICAL, **FEATURES}
"""Every method by name, in the order of tables."""

__all__ = ["CANONICAL", "CYCLE", "INVERSE", "METHODS", "Method", "Methods", "check_pair"]
