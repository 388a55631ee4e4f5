"""Style and dream: the arm in another style, dreams of VGG16 and of the arm's own policy, and which pixels
the policy looks at. The truth is known: the labels, and where arm and cube are."""

import functools
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from crossgap.base.files import once, read_arrays, writing
from crossgap.base.progress import progress_bar
from crossgap.collection import Collection
from crossgap.core.fabric import hardware
from crossgap.core.runs import timed
from crossgap.data import LabelledImages
from crossgap.data.batches import to_images, to_tensor
from crossgap.deploy.adapted import weights_of
from crossgap.evaluation import AGGREGATE
from crossgap.evaluation.images import mean_over_images
from crossgap.experiments.engine.experiment import Rows, rows_of
from crossgap.experiments.imaging.arm import ARM_SIZES, CLEAR, ArmSize, ArmStudy
from crossgap.experiments.imaging.study import STUDIES
from crossgap.methods.config import TaskGANConfig
from crossgap.methods.deep_dream import DreamConfig
from crossgap.methods.deep_dream.dream import DeepDream
from crossgap.methods.integrated_gradients.saliency import integrated_gradients
from crossgap.methods.style_transfer import StyleConfig
from crossgap.methods.style_transfer.transfer import StyleTransfer
from crossgap.networks.features import convolutions
from crossgap.networks.pretrained import pretrained
from crossgap.networks.vgg import VGG
from crossgap.report.style_losses import LOSSES, losses_plot

TWICE = 2
"""How much larger than the policy's images the pictures are."""
STYLE = "target_b"
"""The look whose picture is the style: dark wood."""
STYLIZED = ("style_content", "style_noise", "style_policy")
"""The methods that have the two losses."""
Curves = dict[str, np.ndarray]
"""Losses by name, before every step and at the end, in parts of what white noise has."""
LABEL_MAP = "label_map"
"""The look in which arm and cube have colours, and what is behind them is white or black."""


@dataclass(frozen=True)
class StyleSize(ArmSize):
    """Size of the study."""

    shown: int = 3
    """Pictures that are stylized, and dreamt of."""
    style: StyleConfig = field(default_factory=lambda: StyleConfig(style_weight=0.3, steps=100, rate=0.05))
    """The transfer."""
    dream: DreamConfig = field(default_factory=lambda: DreamConfig(octaves=3, steps=15, jitter=8))
    """The dream."""


def _size(preset: str, **of: Any) -> StyleSize:
    """The arm's, but for the translators: there are none here, so that no figure is of their settings."""
    config = ARM_SIZES[preset].config
    policy = TaskGANConfig(config.networks, source=config.source)
    given: dict[str, Any] = vars(ARM_SIZES[preset]) | {"config": policy} | of
    return StyleSize(**given)


SIZES = {
    "smoke": _size("smoke", shown=2, style=StyleConfig(steps=2), dream=DreamConfig(octaves=2, steps=2)),
    "quick": _size("quick"),
    "full": _size("full", shown=16, style=StyleConfig(style_weight=0.3)),
}
ABOUT = (
    "Falls: how far a loss is below that of white noise at the end. Error: the policy's, squared, on the "
    "picture (1 = knows nothing). Rise: a layer's mean square activation after, beside before. Gap: how far "
    "integrated gradients miss completeness. On arm and cube: the share of what the policy looks at."
)
TITLES = {
    "content": "the picture as it is",
    "style_content": "stylized through VGG16, from the picture",
    "style_noise": "stylized through VGG16, from white noise",
    "style_policy": "stylized through the policy, from white noise",
    "dream_vgg16": "dream of VGG16",
    "dream_policy": "dream of the policy",
    "area": "every pixel alike",
    "saliency": "integrated gradients of the policy",
}
METRICS = {
    "content_fall": ("content loss falls", "%"), "style_fall": ("style loss falls", "%"),
    "task_error": ("error", "{:.2f}"), "rise": ("rise", "{:.1f}"), "gap": ("gap", "{:.1%}"),
    "on_task": ("on arm and cube", "%"),
}  # fmt: skip


class Style(ArmStudy):
    """What style transfer and DeepDream make of the arm's pictures, and what its policy looks at."""

    preset: StyleSize
    sizes, about, titles, metrics = SIZES, ABOUT, TITLES, METRICS

    # pictures

    def _rendered(self, look: str) -> LabelledImages:
        """Held-out demonstrations in a look, twice the policy's size."""
        size = self.preset
        about = Collection(
            look, size.held_out_episodes, size.steps, TWICE * size.size, 100 * self.seed + size.held_out_seed,
            perturbation=size.perturbation,
        )  # fmt: skip
        return self.collected(about, self.source_folder / "data" / f"{look}_{TWICE}x")

    def _chosen(self, look: str) -> LabelledImages:
        every = self._rendered(look)
        return every.select(np.linspace(0, len(every) - 1, self.preset.shown).astype(int))

    @functools.cached_property
    def contents(self) -> LabelledImages:
        """The pictures that are worked on."""
        return self._chosen(CLEAR)

    @functools.cached_property
    def style(self) -> np.ndarray:
        """The picture (H, W, 3) uint8 in whose style they are to be."""
        return self._chosen(STYLE).images[0]

    def shrunk(self, images: np.ndarray) -> np.ndarray:
        """Pictures at the policy's size, each pixel the mean of four."""
        n, side, _, _ = images.shape
        means = images.reshape(n, side // TWICE, TWICE, side // TWICE, TWICE, 3).mean((2, 4))
        return np.round(means).astype(np.uint8)

    # networks

    @functools.cached_property
    def vgg(self) -> nn.Module:
        """VGG16, fetched once."""
        return pretrained("vgg16").to(self.fabric.device)

    def _network(self, method: str) -> nn.Module:
        return self.policy.task_model if method.endswith("policy") else self.vgg

    def _tensor(self, image: np.ndarray) -> Tensor:
        return to_tensor(image[None]).to(self.fabric.device)

    @property
    def _bf16(self) -> bool:
        return hardware(self.fabric)["precision"] == "bf16-mixed"

    # what is made

    def stylized(self, method: str, image: np.ndarray) -> tuple[np.ndarray, dict[str, float], Curves]:
        """A picture (H, W, 3) in the style, by how much each loss fell, and each by step."""
        network = self._network(method)
        config = replace(self.preset.style, start="content" if method == "style_content" else "noise")
        if not isinstance(network, VGG):
            layers = convolutions(network)
            config = replace(config, content_layers=(layers[len(layers) // 2],), style_layers=tuple(layers))
        both = self._tensor(image), self._tensor(self.style)
        transfer = StyleTransfer(network, *both, config, self.seed, self._bf16)
        losses = []
        with progress_bar(self.titles[method], config.steps, quiet=self.quiet) as advance:
            for _ in range(config.steps):
                losses.append(transfer.step())
                advance(1)
        with torch.no_grad():
            losses.append({name: float(loss) for name, loss in transfer.losses().items()})
        curves = {
            name: np.array([of_step[name] for of_step in losses]) / transfer.of_noise[name] for name in LOSSES
        }
        falls = {f"{name}_fall": 1 - float(curve[-1]) for name, curve in curves.items()}
        return to_images(transfer.picture.detach())[0], falls, curves

    def dreamt(self, method: str, image: np.ndarray) -> tuple[np.ndarray, dict[str, float], Curves]:
        """A dream (H, W, 3) of a picture, the rise of its activation, and no losses."""
        network = self._network(method)
        layers = convolutions(network)
        dreamer = DeepDream(network, (layers[len(layers) // 2],), self.preset.dream, self.seed, self._bf16)
        picture = self._tensor(image)
        with progress_bar(
            self.titles[method], self.preset.dream.octaves * self.preset.dream.steps, quiet=self.quiet
        ) as advance:
            dream = dreamer(picture, advance)
        return to_images(dream)[0], {"rise": dreamer.activation(dream) / dreamer.activation(picture)}, {}

    def _attention(self) -> dict[str, dict[str, Any]]:
        """How complete the policy's integrated gradients are, and which share of them is on arm and cube."""
        seen = to_tensor(self.shrunk(self.contents.images)).to(self.fabric.device)
        mask = torch.from_numpy(self.on_task()).to(seen.device)
        found = [
            integrated_gradients(self.policy.task_model, seen, output)
            for output in range(self.policy.scale.outputs)
        ]
        shares = torch.stack([one.shares.abs().sum(1) for one in found]).sum(0)
        gap = torch.stack([one.gap.abs() for one in found]).sum(0)
        change = torch.stack([one.change.abs() for one in found]).sum(0)
        on_task = (shares * mask).sum((1, 2)) / shares.sum((1, 2))
        return {
            "gap": mean_over_images((gap / change).cpu().numpy()),
            "on_task": mean_over_images(on_task.cpu().numpy()),
        }

    def on_task(self) -> np.ndarray:
        """Where arm and cube are in the pictures at the policy's size, (n, size, size) bool."""
        labels = self._chosen(LABEL_MAP).images
        coloured = np.ptp(labels.astype(int), axis=-1) > 64  # neither white, grey nor black
        small = coloured.reshape(len(labels), self.preset.size, TWICE, self.preset.size, TWICE)
        return small.any((2, 4))

    # figures

    def measured(self) -> Rows:
        """A row per method and metric."""
        return [
            row for method in self.titles
            for row in rows_of(self._found(method), domain="style", method=method)
        ]  # fmt: skip

    def _found(self, method: str) -> dict[str, Any]:
        path, policy = self.folder / "evaluation" / f"{method}.json", self._policy_folder
        of = functools.partial(weights_of, policy)
        return once(path, lambda: self._measure(method), "evaluation", AGGREGATE, of)

    @functools.cached_property
    def _policy_folder(self) -> Path:
        return self.saved(self.trainings("policy", self.source, self.source), "source_only")

    def _file(self, method: str) -> Path:
        """Where pictures are kept."""
        return self.folder / "pictures" / f"{method}.npz"

    def _measure(self, method: str) -> dict[str, Any]:
        if method == "saliency":
            return self._attention()
        if method == "area":
            return {"on_task": mean_over_images(self.on_task().mean((1, 2)))}
        if method == "content":
            return {"task_error": self._error(self.contents.images)}
        make = self.dreamt if method.startswith("dream") else self.stylized
        with timed(self.root, method):
            made = [make(method, image) for image in self.contents.images]
        figures = {
            name: mean_over_images(np.array([found[name] for _, found, _ in made])) for name in made[0][1]
        }
        images = np.stack([image for image, _, _ in made])
        curves = {name: np.stack([losses[name] for _, _, losses in made]) for name in made[0][2]}
        with writing(self._file(method)) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, images=images, **curves)
        return figures | {"task_error": self._error(images)}

    def _error(self, images: np.ndarray) -> dict[str, Any]:
        predicted = self.policy.predict(self.shrunk(images))
        return mean_over_images(self.policy.scale.errors(predicted, self.contents.labels))

    def pictures(self) -> dict[str, np.ndarray]:
        """Two pictures, the style, and what is made of them; what noise is left in, at the policy's size, for
        a PNG of noise is large."""
        first = "the picture as it is; the last one is the style"
        rows: dict[str, Any] = {first: [*self.contents.images[:2], self.style]}
        for method in (*STYLIZED, "dream_vgg16", "dream_policy"):
            (made,) = self._kept(method, "images")
            noisy = method in ("style_noise", "style_policy")
            rows[self.titles[method]] = self.shrunk(made[:2]) if noisy else made[:2]
        return {label: np.stack(row) for label, row in rows.items()}

    def _kept(self, method: str, *names: str) -> list[np.ndarray]:
        again = f"Delete {self.folder} to make it again."
        return list(read_arrays(self._file(method), names, again))

    def _losses(self, method: str) -> Curves:
        return dict(zip(LOSSES, self._kept(method, *LOSSES), strict=True))

    def draw(self, path: Path) -> None:
        """The contact sheet, and `<its name>_losses.png`: of the first picture both losses by step."""
        super().draw(path)
        curves = {
            self.titles[method]: {name: by_step[0] for name, by_step in self._losses(method).items()}
            for method in STYLIZED
        }
        losses_plot(curves, path.with_name(f"{path.stem}_losses.png"))


STUDIES.enter("style", Style, rank=6)
