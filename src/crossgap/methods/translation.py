"""What methods with a translator share: new networks, what they make of images, and refinement on it."""

import copy
from collections.abc import Sequence
from contextlib import nullcontext

import lightning_fabric
import numpy as np
import torch
from torch import Tensor, nn

from crossgap.data.batches import Batches, to_tensor
from crossgap.data.images import LabelledImages
from crossgap.deploy.adapted import AdaptedModel
from crossgap.methods import streams
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


def cycle_samples(forward: nn.Module, inverse: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """Rows of a contact sheet by label: images of both domains, their translations, and these translated
    back."""
    fake_y, fake_x = forward(x), inverse(y)
    rows = {"x": x, "G(x)": fake_y, "F(G(x))": inverse(fake_y)}
    return rows | {"y": y, "F(y)": fake_x, "G(F(y))": forward(fake_x)}


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


def drawn(methods: Methods, translator: nn.Module, data: LabelledImages, stream: int) -> Batches:
    """Batches to refine a task model on: what a translator makes of labelled images."""
    images = translate(translator, data.images, methods.trainer.fabric)
    return methods.generated(images, data, methods.config.refinement.batch, stream)


def drawn_target(methods: Methods, translator: nn.Module) -> Batches:
    """The same of the target images; where these are augmented, drawn anew of each batch's."""
    augment, size, stream = methods.target_augment(), methods.config.refinement.batch, streams.DRAWN_TARGET
    if augment is None:
        return drawn(methods, translator, methods.target, stream)

    @torch.no_grad()
    def draw(images: Tensor) -> Tensor:
        with methods.trainer.fabric.autocast():
            return translator(augment(images)).float()

    images = torch.from_numpy(np.ascontiguousarray(methods.target.images)).to(methods.trainer.fabric.device)
    return methods.generated(images, methods.target, size, stream, draw)


def refining_source(methods: Methods, data: LabelledImages | None = None) -> Batches:
    """Batches of source images beside them, by default of all; augmented where the target's are."""
    size, augment = methods.config.refinement.batch, methods.source_augment()
    return methods.source_batches(size, streams.REFINING, augment, data)


def refined(
    methods: Methods, name: str, model: AdaptedModel, data: Sequence[Batches] | None = None
) -> AdaptedModel:  # fmt: skip
    """The same translator, and f_X refined: by default on source images and its drawings of target ones."""
    translator = model.networks["translator"]
    if data is None:
        data = drawn_target(methods, translator), refining_source(methods)
    task_model = copy.deepcopy(model.task_model).requires_grad_(True)
    methods.supervised(name, task_model, data, methods.config.refinement, before=translator)
    return methods.adapted(task_model, translator)
