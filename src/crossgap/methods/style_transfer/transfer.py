"""Style transfer (Gatys, Ecker and Bethge 2016, "Image style transfer using convolutional neural networks").

    L = α L_content + β L_style                                                    equation 7
    L_content = ‖F − P‖²                          activations of the content       equation 1
    L_style = Σ_l w_l ‖G_l − A_l‖²                Gram matrices of the style       equations 3 to 5

The picture itself is what is optimised; the network stays as it is.
"""

import torch
from torch import Tensor, nn

from crossgap.errors import CrossgapError
from crossgap.methods.style_transfer import StyleConfig
from crossgap.methods.style_transfer.losses import gram, relative_distance, variation_loss
from crossgap.networks.features import Features

EVALUATIONS = 20
"""Of the losses at most, in a step of L-BFGS."""


class StyleTransfer:
    """A picture on its way from its start to the content in the style.

    What the losses compare with is computed once, here.

    Args:
        network: images (n, 3, h, w) in [-1, 1] to anything; it is frozen.
        content: (1, 3, h, w) in [-1, 1], what is to be seen.
        style: (1, 3, h', w') in [-1, 1], how.
        config: layers, weights and optimizer.
        seed: of the noise that it starts from.
        bf16: whether the network computes in bfloat16; losses and picture are in float32.

    Attributes:
        picture: (1, 3, h, w) in [-1, 1].
        of_noise: the losses of white noise, which knows nothing of content and style.

    Raises:
        CrossgapError: the network has no such layer, or takes no images of that size.
    """

    def __init__(
        self, network: nn.Module, content: Tensor, style: Tensor, config: StyleConfig, seed: int = 0,
        bf16: bool = False,
    ):  # fmt: skip
        self.config, self.bf16 = config, bf16
        self.features = Features(network, (*config.content_layers, *config.style_layers))
        self.content = self.activations(content, config.content_layers)
        seen = self.activations(style, config.style_layers)
        self.style = {name: gram(found) for name, found in seen.items()}
        noise = 2 * torch.rand(content.shape, generator=torch.Generator().manual_seed(seed)) - 1
        self.picture = noise.to(content.device)
        self.of_noise = {name: float(loss) for name, loss in self.losses().items()}
        if config.start == "content":
            self.picture = content.clone(memory_format=torch.contiguous_format)  # L-BFGS flattens it
        self.picture.requires_grad_()
        if config.optimizer == "adam":
            self.optimizer: torch.optim.Optimizer = torch.optim.Adam([self.picture], config.rate)
        else:
            self.optimizer = torch.optim.LBFGS(
                [self.picture], max_iter=1, max_eval=EVALUATIONS, line_search_fn="strong_wolfe"
            )

    @torch.no_grad()
    def activations(self, image: Tensor, layers: tuple[str, ...]) -> dict[str, Tensor]:
        """What an image should be like, by layer."""
        found = self._seen(image)
        return {name: found[name] for name in layers}

    def _seen(self, image: Tensor) -> dict[str, Tensor]:
        with torch.autocast(image.device.type, torch.bfloat16, enabled=self.bf16):
            found = self.features(image)
        return {name: values.float() for name, values in found.items()}

    def losses(self) -> dict[str, Tensor]:
        """Of the picture as it is: `content`, `style` and `variation`, unweighted, a scalar each."""
        found = self._seen(self.picture)
        content = [relative_distance(found[name], wanted) for name, wanted in self.content.items()]
        style = [relative_distance(gram(found[name]), wanted) for name, wanted in self.style.items()]
        return {
            "content": torch.stack(content).mean(), "style": torch.stack(style).mean(),
            "variation": variation_loss(self.picture),
        }  # fmt: skip

    def step(self) -> dict[str, float]:
        """One update of the picture; its losses before.

        Raises:
            CrossgapError: a loss is not finite.
        """
        seen: list[dict[str, float]] = []

        def evaluate() -> Tensor:
            self.optimizer.zero_grad()
            losses = self.losses()
            seen.append({name: float(loss.detach()) for name, loss in losses.items()})
            config = self.config
            total = config.content_weight * losses["content"] + config.style_weight * losses["style"]
            total = total + config.variation_weight * losses["variation"]
            total.backward()
            return total

        self.optimizer.step(evaluate)  # type: ignore[arg-type]
        if not all(map(torch.isfinite, map(torch.tensor, seen[0].values()))):
            raise CrossgapError(f"A loss is not finite: {seen[0]}. Try a lower --rate, or smaller weights.")
        with torch.no_grad():
            self.picture.clamp_(-1, 1)
        return seen[0]
