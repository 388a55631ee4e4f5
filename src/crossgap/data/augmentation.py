"""Image augmentation: what a camera and a room may do to an image without moving anything in it."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from crossgap.data.batches import Augment


def image_augmentation() -> Augment:
    """Colour, blur, noise, JPEG, shadow and cutout, each with a probability of its own (kornia).

    Nothing is shifted, turned or scaled: labels such as joint velocities belong to a fixed camera.
    Randomness is torch's global generator, which checkpoints keep.

    Returns:
        A function of images (n, 3, H, W) in [-1, 1] that returns new ones of the same form.
    """
    import kornia.augmentation as K  # a second to import, for this one method

    augment = K.AugmentationSequential(
        K.ColorJiggle(0.4, 0.4, 0.5, 0.15, p=0.8),
        K.RandomPlasmaShadow(roughness=(0.1, 0.7), shade_intensity=(-0.6, 0.0), p=0.4),
        K.RandomGaussianBlur((3, 3), (0.1, 1.5), p=0.3),
        K.RandomJPEG((40.0, 95.0), p=0.3),
        K.RandomGaussianNoise(0.0, 0.04, p=0.5),
        K.RandomErasing((0.02, 0.1), value=0.5, p=0.3),
        data_keys=["input"],
    )

    def apply(images: Tensor) -> Tensor:
        result = augment(images.add(1).div(2))
        assert isinstance(result, Tensor)
        return result.clamp(0, 1).mul(2).sub(1)

    return apply


def one_after_the_other(changes: Sequence[Augment | None]) -> Augment | None:
    """Several changes of images as one, those that are there in their order; None where none is."""
    there = [change for change in changes if change is not None]

    def apply(images: Tensor) -> Tensor:
        for change in there:
            images = change(images)
        return images

    return apply if there else None


def shifted(images: Tensor, share: float) -> Tensor:
    """Images (n, c, H, W), each shifted by up to a share of the width, by whole pixels, in both directions;
    what comes in is the border's colour. Randomness is torch's global generator."""
    n, _, height, width = images.shape
    if not (most := round(share * width)):
        return images
    wide = functional.pad(images, (most, most, most, most), mode="replicate")
    tops, lefts = torch.randint(2 * most + 1, (2, n)).to(images.device)
    rows, columns = (
        start[:, None] + torch.arange(size, device=images.device)
        for start, size in ((tops, height), (lefts, width))
    )
    each = torch.arange(n, device=images.device)[:, None, None]
    return (
        wide.permute(0, 2, 3, 1)[each, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2).contiguous()
    )


def target_augmentation(shift: float) -> Augment:
    """`image_augmentation`, and shifts by up to a share of the width, for images of which there are few."""
    photometric = image_augmentation()
    return lambda images: photometric(shifted(images, shift))
