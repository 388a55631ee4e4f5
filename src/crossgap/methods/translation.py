"""What methods with a translator share: new networks, what they make of images, and refinement on it."""

import copy
from contextlib import nullcontext

import lightning_fabric
import numpy as np
import torch
from torch import Tensor, nn

from crossgap.data.batches import to_tensor
from crossgap.data.images import LabelledImages
from crossgap.deploy.adapted import AdaptedModel
from crossgap.methods.methods import Methods
from crossgap.networks import Discriminator, Generator

DEVICE_BYTES = 1 << 30
"""Of translated images that are kept on the device: 21,000 of 64 px, 5,000 of 128."""


def new_translator(methods: Methods) -> tuple[Generator, Discriminator]:
    """An untrained generator and discriminator, always the same for a seed."""
    torch.manual_seed(methods.trainer.seed)
    networks = methods.config.networks
    generator = Generator(networks.generator_width, networks.generator_blocks)
    return generator, Discriminator(networks.discriminator_width)


@torch.no_grad()
def translate(
    generator: nn.Module, images: np.ndarray, fabric: lightning_fabric.Fabric, batch: int = 64
) -> Tensor:  # fmt: skip
    """G(X) or F(Y), to train on: (n, H, W, 3) uint8 to (n, 3, H, W) float32 in [-1, 1].

    On a GPU in the precision of training; on a CPU in float32, as in every figure of `results/`. A batch at a
    time is on the device; what is made of many stays in the host's memory, from where `Batches` takes it.
    """
    on_gpu = fabric.device.type == "cuda"
    where = torch.device("cpu") if 4 * images.size > DEVICE_BYTES else fabric.device
    with fabric.autocast() if on_gpu else nullcontext():
        parts = (to_tensor(images[i : i + batch]).to(fabric.device) for i in range(0, len(images), batch))
        return torch.cat([generator(part).float().to(where) for part in parts])


def sample_source(methods: Methods, data: LabelledImages | None = None) -> LabelledImages:
    """The source images that are translated, 8,000 of them in the paper; or so many of other `data`."""
    data = methods.source if data is None else data
    count = min(methods.config.translated_images, len(data))
    order = np.random.default_rng(methods.trainer.seed).permutation(len(data))
    return data.select(np.sort(order[:count]))


def refined(methods: Methods, name: str, base: str) -> AdaptedModel:
    """The same translator, and f_X refined on what it makes of the target images."""
    model, config = methods.get(base), methods.config.refinement
    assert isinstance(model.translator, Generator)
    translated = translate(model.translator, methods.target.images, methods.trainer.fabric)
    data = [
        methods.generated(translated, methods.target, config.batch, 3),
        methods.batches(methods.source, config.batch, 4),
    ]
    task_model = copy.deepcopy(model.task_model)
    methods.supervised(name, task_model, data, config)
    return methods.adapted(task_model, model.translator)
