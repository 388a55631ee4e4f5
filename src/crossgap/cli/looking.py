"""`crossgap stylize`, `dream` and `explain`: pictures made by looking through a network."""

from pathlib import Path

from tyro.conf import Positional, UseAppendAction

from crossgap.cli.settings import Flat
from crossgap.commands.options import Device, LookOptions
from crossgap.methods.deep_dream import DreamConfig
from crossgap.methods.style_transfer import StyleConfig


def stylize(
    content: Positional[Path], style: Positional[Path], output: Positional[Path], options: Flat[LookOptions],
    config: Flat[StyleConfig],
) -> None:  # fmt: skip
    """Make a picture that shows what one picture shows, in the style of another (Gatys et al. 2016).

    Beside OUTPUT it writes the losses by step as .json and .losses.png, and pictures on the way as
    .steps.png. A folder that is started again goes on with what is missing.

    Args:
        content: the picture of what is to be seen, or a folder of them.
        style: the picture of how.
        output: the PNG to write; of a folder, the folder.
        options: through which network.
        config: layers, weights and optimizer.
    """
    from crossgap.commands.stylize import stylize

    stylize(content, style, output, options, config)


def dream(
    image: Positional[Path], output: Positional[Path], options: Flat[LookOptions], config: Flat[DreamConfig],
    layers: tuple[str, ...] = (),
) -> None:  # fmt: skip
    """Change a picture so that layers of a network see more of what they look for (DeepDream).

    Prints how far their activation rose. A folder that is started again goes on with what is missing.

    Args:
        image: the picture, or a folder of them.
        output: the PNG to write; of a folder, the folder.
        options: through which network.
        config: sizes, steps and rate.
        layers: whose activation is raised; by default the network's middle convolution.
    """
    from crossgap.commands.dream import dream

    dream(image, output, layers, options, config)


def explain(
    model: Positional[Path], image: UseAppendAction[tuple[Path, ...]], output: Path = Path("explained.png"),
    layers: tuple[str, ...] = (), seed: int = 0, device: Device = "auto",
) -> None:  # fmt: skip
    """Show what the task model of an adapted model looks for: the image, what a translator makes of it, which
    pixels each prediction rests on (integrated gradients), and the image as its layers would have it
    (DeepDream).

    Args:
        model: folder of an adapted model that has a task model.
        image: an image; once for each.
        output: the PNG to write.
        layers: of which to dream; by default its last convolution.
        seed: of the dream.
        device: where the model runs.
    """
    from crossgap.commands.explain import explain

    explain(model, image, output, layers, device, seed)
