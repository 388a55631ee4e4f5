"""`crossgap convert`; what it does is imported when it runs."""

from pathlib import Path

from tyro.conf import Positional


def convert(source: Positional[Path], output: Positional[Path], size: int | None = None) -> None:
    """Convert weights of pytorch-CycleGAN-and-pix2pix to a model of Crossgap, or a training of CycleGAN or
    pix2pix to weights for it.

    A file becomes an adapted model that `crossgap translate` takes. A run or model folder becomes the files
    latest_net_G_A.pth (G), latest_net_G_B.pth (F), latest_net_D_A.pth (D_Y) and latest_net_D_B.pth (D_X), or
    latest_net_G.pth and latest_net_D.pth; discriminators are read from the training's last checkpoint.

    Args:
        source: a generator's .pth file, a run folder or a model's folder.
        output: the new folder.
        size: width and height in pixels of the images that a file's generator is to take; by default 256, or
            of a U-Net such as it brings down to one pixel.
    """
    from crossgap.commands.convert import convert as run

    run(source, output, size)
