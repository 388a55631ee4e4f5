"""`crossgap learn`: the verb that this experiment brings. Imports no torch."""

from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from crossgap.experiments.xarm7.setups import BEST, ReachSetup


def learn(
    output: Positional[Path], setup: Annotated[ReachSetup, arg(name="")] = BEST,
    preset: Literal["smoke", "quick", "full"] = "quick", seed: int = 0, workers: int | None = None,
    engine: Literal["processes", "ray"] = "processes",
    device: Literal["auto", "cpu", "cuda"] = "auto",
    precision: Literal["auto", "32-true", "bf16-mixed"] = "auto",
) -> None:  # fmt: skip
    """Learn a policy in simulation: an xArm7 reaches and sees nothing but images (asymmetric DDPG).

    Started again after a kill, it goes on where it was. The policy is <output>/policy; `crossgap evaluate`
    plays it in any look.

    Args:
        output: run folder.
        setup: what it sees and how it is taught.
        preset: how much of it.
        seed: of everything random.
        workers: processes that simulate; all cores by default.
        engine: what runs them: processes of this machine, or Ray, on a cluster's (extra `ray`).
        device: where to train.
        precision: of the extractor's initialization; reinforcement learning is in float32.
    """
    from crossgap.experiments.xarm7.learning import learn_policy

    learn_policy(output, setup, preset, seed, workers, device, precision, engine)
