"""The network that RetinaGAN's translators are held to: trained once in simulation, then frozen."""

import colorsys

import torch
from torch import Tensor

from crossgap.core.random_streams import seeded
from crossgap.core.trainer import SHOWN, Phase, adam
from crossgap.data.batches import Batches
from crossgap.data.class_maps import check_class_maps
from crossgap.data.photometric import photometric
from crossgap.losses import segmentation_loss
from crossgap.methods.retinagan import SegmentationConfig
from crossgap.networks import SegmentationNetwork


class Segmentation(Phase):
    """Learn from images what is where in them.

    Their brightness, tint and contrast are changed at random, with noise, so that what is learnt holds in
    other looks, too; more so where the images themselves are of many looks.

    Args:
        name: of the phase.
        network: trained in place.
        data: images, and as their labels the classes of their pixels, (n, H, W) whole numbers.
        config: steps, learning rate, distortion.
        seed: of the distortion.

    Raises:
        CrossgapError: the labels are no maps of the images, or of more classes than the network knows.
    """

    def __init__(
        self, name: str, network: SegmentationNetwork, data: Batches, config: SegmentationConfig,
        seed: int = 0,
    ):  # fmt: skip
        check_class_maps(data, network.classes)
        self.name, self.steps, self.learning_rate, self.seed = name, config.steps, config.learning_rate, seed
        self.images, self.data, self.strength = data, [data], config.photometric_weight
        self.networks = {"network": network}
        self.optimizers = {"network": adam(network.parameters(), config.learning_rate)}

    def training_step(self, step: int) -> dict[str, Tensor]:
        """One step of Adam."""
        images, classes = self.images(step)
        if self.strength:
            images = photometric(images, self.strength, seeded(images.device, self.seed, step))
        logits = self.parallel["network"](images).float()
        loss = segmentation_loss(logits, classes)
        self.update("network", loss)
        return {"segmentation": loss, "right": (logits.argmax(1) == classes).float().mean()}

    def samples(self) -> dict[str, Tensor]:
        """Images, and their classes as colours, mixed where it is not sure."""
        x = self.images.shown(SHOWN)
        return {"x": x, "classes": coloured(self.networks["network"](x).float().softmax(1))}


def coloured(probabilities: Tensor) -> Tensor:
    """Probabilities of c classes, (n, c, h, w), as images (n, 3, h, w) in [-1, 1]: the first class is black,
    the others are bright, and as different as can be."""
    others = probabilities.shape[1] - 1
    colours = [(0.0, 0.0, 0.0), *(colorsys.hsv_to_rgb(k / others, 1, 1) for k in range(others))]
    mixed = torch.einsum("nchw,cd->ndhw", probabilities, probabilities.new_tensor(colours))
    return 2 * mixed - 1
