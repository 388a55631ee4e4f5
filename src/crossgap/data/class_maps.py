"""What is where in images: a class for every pixel, as the labels of `Batches`."""

from crossgap.data.batches import Batches
from crossgap.errors import CrossgapError


def check_class_maps(batches: Batches, classes: int) -> None:
    """Look at the labels of images that should be maps of their pixels' classes, (n, H, W) whole numbers.

    Raises:
        CrossgapError: they are of another form than the images, or name a class that there is not.
    """
    images, maps = batches.images, batches.labels
    height, width = images.shape[1:3] if images.shape[-1] == 3 else images.shape[2:]
    if maps.shape != (len(images), height, width) or maps.is_floating_point():
        raise CrossgapError(
            f"Images of {width}x{height} pixels need maps of their pixels' classes as labels. Expected "
            f"{len(images)} x {height} x {width} whole numbers; found {' x '.join(map(str, maps.shape))} of "
            f"{maps.dtype}."
        )
    if len(maps) and not 0 <= int(maps.min()) <= int(maps.max()) < classes:
        raise CrossgapError(
            f"Maps of {classes} classes name them from 0 to {classes - 1}; found {int(maps.min())} to "
            f"{int(maps.max())}."
        )
