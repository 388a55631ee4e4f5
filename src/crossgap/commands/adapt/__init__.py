"""`crossgap adapt`: the way from two folders to a model and a verdict, in one command."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from crossgap.commands.options import AdaptOptions, Cameras, Device, Precision

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn

    from crossgap.commands.adapt.run import Adaptation
    from crossgap.data import LabelledImages
    from crossgap.data.observations import Observations
    from crossgap.methods.config import TaskGANConfig


def adapt(
    source: LabelledImages | Observations | str | Path, target: LabelledImages | Observations | str | Path,
    output: str | Path | None = None, *, preset: Literal["smoke", "quick", "full"] = "quick",
    methods: tuple[str, ...] | None = None, held_out: float = 0.2, classes: int | None = None,
    test: str | Path | None = None, size: str | None = None, seed: int = 0, device: Device = "auto",
    precision: Precision = "auto", config: TaskGANConfig | None = None, task: nn.Module | str | None = None,
    frozen: bool = False, loss: Callable[[Tensor, Tensor], Tensor] | str | None = None,
    cameras: tuple[str, ...] | None = None, state: tuple[str, ...] | None = None,
) -> Adaptation:  # fmt: skip
    """From simulated and real images to a model, and to whether a translator is worth it: what
    `crossgap adapt` does.

    Args:
        source: many labelled images X: a data set of any kind that is read, or one in memory.
        target: the few images Y, with labels or without, likewise.
        output: run folder; by default the newest one of this very adaptation under outputs/, or a new one.
        preset: how long it trains: seconds, to see that all works; minutes; translators twice as long.
        methods: what to train; by default cheap baselines and the translators that suit the data.
        held_out: share of the target's episodes that nothing is trained on, to compare methods on.
        classes: how many classes there are, where labels are classes; 0: they are numbers; None: look.
        test: a folder of further labelled target images, for the error of what is recommended.
        size: of the images that the networks see, "64" or "96x128"; for folders.
        seed: of training.
        device: where to train.
        precision: of training.
        config: sizes, steps and rates, in place of those of the preset.
        task: a task model of your own, images (n, 3, H, W) in [-1, 1] to an output per label, scaled to mean
            0 and spread 1, or per class: `package.module:factory`, or a network of a registered class or of
            `from_factory`.
        frozen: nothing trains it: it knows the source already.
        loss: of its outputs and the scaled labels: a function, or `package.module:function`.
        cameras: all that a task model of your own sees, where these are several or there is a state: columns
            of a table, or of a recording. It is called with a dict of images by camera and the state, and
            gives any tensor: actions in their own units, or what `loss` compares with them. In memory both
            sides are then `Observations`, which say it themselves.
        state: the columns that are the state of such; of `Observations` in memory those of the folder `test`.

    Returns:
        The run: `model`, the recommended one, an `AdaptedModel` or an `AdaptedPolicy`; `recommended`, its
        method; `result`, all figures; `report`.

    Raises:
        CrossgapError: as `crossgap adapt`, in one line: what was expected, what found, what to do.
    """
    from crossgap.commands.adapt.run import adapt_folders, adapt_frames, adapt_memory
    from crossgap.commands.own_data import own_task
    from crossgap.data.observations import Observations
    from crossgap.data.sizes import parse_size, shown
    from crossgap.errors import CrossgapError

    folders = [Path(side) if isinstance(side, str | Path) else None for side in (source, target)]
    options = AdaptOptions(
        folders[0] or Path("source"), folders[1] or Path("target"), None if output is None else Path(output),
        seed, preset=preset, methods=methods, held_out=held_out, classes=classes, device=device,
        precision=precision, test=None if test is None else Path(test), images=Cameras(size),
        task=task, frozen=frozen, loss=loss, cameras=cameras, state=state,  # type: ignore[arg-type]
    )  # fmt: skip
    if size is not None and folders[0] is None and parse_size(size) != source.size:  # type: ignore[union-attr]
        raise CrossgapError(
            f"size={size!r}: the source in memory is of {shown(source.size)} pixels. Expected its size, "  # type: ignore[union-attr]
            "which images of the folder `test` are brought to, or folders."
        )
    if isinstance(source, Observations) and isinstance(target, Observations):
        cameras, state = source.cameras, state or ((source.state_name,) if source.state_name else None)
        return adapt_frames(replace(options, cameras=cameras, state=state), (source, target))
    if None not in folders:
        return adapt_folders(options, config)
    if isinstance(source, str | Path | Observations) or isinstance(target, str | Path | Observations):
        raise CrossgapError("Expected two folders, two LabelledImages or two Observations; got one of each.")
    return adapt_memory(source, target, options, config, own_task(options))
