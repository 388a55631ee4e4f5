"""Random jitter, the augmentation of pix2pix and CycleGAN: images are enlarged, cropped and mirrored."""

import torch
from torch import Tensor
from torch.nn import functional


def jitter(images: Tensor, enlarged: float = 286 / 256, mirror: bool = True) -> Tensor:
    """Enlarge images, crop each at a random place to the size that it had, and mirror every second one
    (Isola et al. 2017, section 6.2).

    Randomness is torch's global generator, which checkpoints keep. Images that belong together are moved
    alike if they are channels of one: `jitter(torch.cat([x, y], 1)).chunk(2, 1)`.

    Args:
        images: (n, k, h, w).
        enlarged: factor of the enlarged size, from 1 on.
        mirror: whether left and right are exchanged, too, half of the time.

    Returns:
        New images of the same shape.
    """
    n, _, h, w = images.shape
    tall, wide = round(h * enlarged), round(w * enlarged)
    if (tall, wide) != (h, w):
        large = functional.interpolate(images, (tall, wide), mode="bilinear", align_corners=False)
        tops, lefts = (torch.randint(more + 1, (n,)).tolist() for more in (tall - h, wide - w))
        places = zip(large, tops, lefts, strict=True)
        images = torch.stack([image[:, top : top + h, left : left + w] for image, top, left in places])
    if not mirror:
        return images
    mirrored = (torch.rand(n) < 0.5).to(images.device)
    return torch.where(mirrored[:, None, None, None], images.flip(3), images)
