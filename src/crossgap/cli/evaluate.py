"""`crossgap evaluate`."""

from pathlib import Path

from tyro.conf import Positional

from crossgap.cli.types import Device


def evaluate(
    models: Positional[tuple[Path, ...]], look: str | None = None, data: Path | None = None,
    gain: float | None = None, starts: int | None = None, steps: int | None = None,
    validation: bool = False, output: Path | None = None, device: Device = "auto",
) -> None:  # fmt: skip
    """Evaluate adapted models in closed loop in a look, or offline on labelled images; or policies.

    Args:
        models: folders of adapted models, or of policies; the first is compared with each of the others.
        look: where the robot acts; target_b by default.
        data: evaluate on this data set instead.
        gain: the control gain, by default 0.2; a policy has none.
        starts: number of starts; all 100 test starts (50 for validation) by default.
        steps: length of an episode, by default 100; of a policy's at most 50.
        validation: play the 50 validation starts, which choices such as the gain may be made on.
        output: write the result here as JSON.
        device: where the models run.
    """
    from crossgap.commands.evaluate import evaluate_folders

    evaluate_folders(models, look, data, gain, starts, steps, validation, output, device)
