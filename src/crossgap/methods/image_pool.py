"""The image pool of CycleGAN: a discriminator also sees what was translated a while ago."""

import torch
from torch import Tensor


class ImagePool:
    """Earlier translations (Zhu et al. 2017, section 4, after Shrivastava et al. 2017): a discriminator
    cannot forget what the generator drew before. They stay on their device.

    Args:
        capacity: how many are kept; with 0 every image is given back as it is.
    """

    def __init__(self, capacity: int = 50):
        self.capacity = capacity
        self.images: Tensor | None = None

    def __call__(self, images: Tensor) -> Tensor:
        """New translations (n, 3, H, W) to what the discriminator sees instead, the same shape.

        Each image by itself: while the pool is filled, it is kept and given back; then, with probability 1/2,
        it takes the place of a kept one, which is given back for it. Randomness is torch's global generator.
        """
        return torch.stack([self._exchanged(image) for image in images]) if self.capacity else images

    def _exchanged(self, image: Tensor) -> Tensor:
        kept = image[None][:0] if self.images is None else self.images
        if len(kept) < self.capacity:
            self.images = torch.cat([kept, image[None]])
            return image
        if torch.rand(()) < 0.5:
            return image
        at = int(torch.randint(self.capacity, ()))
        earlier = kept[at].clone()
        kept[at] = image
        return earlier
