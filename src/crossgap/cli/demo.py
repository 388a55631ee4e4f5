"""`crossgap demo`."""

from pathlib import Path

from crossgap.cli.types import Device, Precision, PresetName


def demo(
    look: str = "target_b", preset: PresetName = "quick", seed: int = 0, output: Path | None = None,
    fresh: bool = False, device: Device = "auto", precision: Precision = "auto",
) -> None:  # fmt: skip
    """Cross the gap to a target look with TaskGAN and its baselines, and prove it: data to report in one go.

    Started again after a kill, it goes on where it was.

    Args:
        look: the target look; `crossgap looks` shows them.
        preset: size of the experiment.
        seed: of data and training.
        output: run folder; by default the newest unfinished or finished run of these settings, or a new one
            under outputs/.
        fresh: start anew although such a run is there.
        device: where to train.
        precision: of training; auto is bf16 where the hardware has it.
    """
    from crossgap.commands.demo import run_demo

    run_demo(look, preset, seed, output, fresh, device, precision)
