"""`crossgap sample`: images of a sampler's own."""

from pathlib import Path

from tyro.conf import Positional

from crossgap.commands.options import Device


def sample(
    model: Positional[Path], count: int = 64, seed: int = 0, output: Path = Path("samples.png"),
    interpolate: int = 8, images: Path | None = None, classifier: Path | None = None,
    folder: Path | None = None, device: Device = "auto",
) -> None:  # fmt: skip
    """Draw images from noise: a sheet of them, ways from one noise to another, and how near the nearest
    training image is.

    Args:
        model: folder of an adapted model with a sampler, such as dcgan's.
        count: how many images.
        seed: of the noise.
        output: the sheet to write, a PNG.
        interpolate: pictures on each of three ways from one noise to another; 0 draws none.
        images: the training images, a folder; by default where the run says that they were.
        classifier: folder of an adapted model that predicts classes: says how many of them are drawn.
        folder: also write the images as files into this new folder.
        device: where the model runs.
    """
    from crossgap.commands.sample import sample_images

    sample_images(model, count, seed, output, interpolate, images, classifier, folder, device)
