"""Every method by name, put together from phases: what `crossgap train` and the experiments offer."""

from crossgap.methods.baselines.recipes import BASELINES
from crossgap.methods.canonical_taskgan.recipes import CANONICAL
from crossgap.methods.cycle_taskgan.recipes import CYCLE
from crossgap.methods.dann.recipes import FEATURES
from crossgap.methods.methods import Method, Methods, check_pair
from crossgap.methods.taskgan.recipes import INVERSE
from crossgap.methods.taskgan_forward.recipes import FORWARD

METHODS: dict[str, Method] = {**BASELINES, **INVERSE, **FORWARD, **CYCLE, **CANONICAL, **FEATURES}
"""Every method by name, in the order of tables."""

__all__ = ["CANONICAL", "CYCLE", "INVERSE", "METHODS", "Method", "Methods", "check_pair"]
