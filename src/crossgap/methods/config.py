"""Settings of the methods: sizes, steps, rates. Imports no torch, so that `--help` is instant."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from typing import Any, Literal, get_args

from crossgap.errors import CrossgapError
from crossgap.methods.cycle_taskgan import CycleConfig
from crossgap.methods.dann import DANNConfig
from crossgap.methods.taskgan import TwoColumnsConfig

TaskNorm = Literal["none", "instance", "group"]
TASK_NORMS: tuple[TaskNorm, ...] = get_args(TaskNorm)


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes of the networks of TaskGAN, section 3.2; the defaults are the paper's."""

    task_width: int = 16
    """Filters of the task model's first layer."""
    task_hidden: int = 256
    """Units of its fully connected layer."""
    generator_width: int = 32
    """Filters of the generator's first layer."""
    generator_blocks: int = 6
    """Residual blocks of the generator."""
    discriminator_width: int = 32
    """Filters of the discriminator's first layer."""
    task_norm: TaskNorm = "none"
    """Norm after the task model's first four convolutions. The paper's has none; with "instance" fine-tuning
    and TaskGAN are both far better."""


@dataclass(frozen=True)
class SupervisedConfig:
    """A supervised training of a task model."""

    steps: int = 15_000
    """Steps of Adam."""
    batch: int = 16
    """Images per step, of each data set that it trains on."""
    learning_rate: float = 1e-3
    """Of Adam; constant, then linear to zero over the second half."""


@dataclass(frozen=True)
class TranslatorConfig:
    """The training of a TaskGAN; the paper does not give its steps, batch and rate, only its task models'."""

    steps: int = 15_000
    """Steps, each of one update of generator and discriminator; preset paper has 15000, as many as the
    paper's task models."""
    batch: int = 16
    """Images per step, of each domain."""
    learning_rate: float = 2e-4
    """Of both Adams; constant, then linear to zero over the second half."""
    task_weight: float = 1.0
    """λ_φ, for labels scaled to spread 1: 1 is where a squared task error means "knows nothing". The
    paper's 0.01 is for unscaled labels."""
    canonical_weight: float = 10.0
    """λ_c of |F(x_r) − x|, where randomized source images x_r are translated too; CycleGAN's λ."""
    forward_discriminator_rate: float = 0.25
    """Factor on the learning rate of D_Y in the forward mapping, whose few real images it else learns by
    heart."""


@dataclass(frozen=True)
class AugmentationConfig:
    """Augmentation of labelled target images, wherever a method learns from their labels."""

    target: bool = False
    """Change colours, light, blur and noise of labelled target images in every batch, as `augmented` does
    with the source's; and train translators through the f_X of `augmented`."""
    shift: float = 0.0
    """And shift them, each by up to this share of the width, in both directions."""


Keep = Literal["last", "best"]
KEEPS: tuple[str, ...] = get_args(Keep)


@dataclass(frozen=True)
class TaskGANConfig:
    """Everything that `crossgap train` can vary."""

    networks: NetworkConfig = field(default_factory=NetworkConfig)
    """Sizes."""
    source: SupervisedConfig = field(default_factory=SupervisedConfig)
    """Of f_X, and of the oracle."""
    randomization: SupervisedConfig = field(default_factory=SupervisedConfig)
    """Of domain randomization, which with a robot takes more and smaller steps to learn anything at all."""
    target: SupervisedConfig = field(default_factory=SupervisedConfig)
    """Of target-only, on the few target images."""
    fine_tuning: SupervisedConfig = field(default_factory=SupervisedConfig)
    """Of fine-tuned: f_X trained on, with the few target images and as many of the source."""
    randomized_fine_tuning: SupervisedConfig = field(default_factory=SupervisedConfig)
    """Of what was trained on randomized images and is trained on with these and the few target images; at
    the rate of fine-tuned the arm has 4 to 8 points less (docs/log.md)."""
    translator: TranslatorConfig = field(default_factory=TranslatorConfig)
    """Of F: Y → X."""
    canonical: TranslatorConfig = field(default_factory=TranslatorConfig)
    """Of RCAN's F, from randomized to plain source images."""
    refinement: SupervisedConfig = field(default_factory=SupervisedConfig)
    """Of f_X on F(Y) and X."""
    two_columns: TwoColumnsConfig = field(default_factory=TwoColumnsConfig)
    """Of the forward mapping's f_Y, on pairs."""
    translated_images: int = 8000
    """How many source images the methods train on that translate such: the forward mapping, the cycle
    without labels, RCAN and canonical TaskGAN."""
    cycle: CycleConfig = field(default_factory=CycleConfig)
    """Of the cycle TaskGAN."""
    dann: DANNConfig = field(default_factory=DANNConfig)
    """Of DANN."""
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    """Of labelled target images; none in the built-in experiments."""
    geometry: float | None = None
    """How far source images are scaled, stretched, turned and moved in every batch; 1 is by 0.8 to 1.6, a
    fifth, 11° and 7.5 % of the width, 0 not at all. Only for labels that stay true then: by default 1 on own
    data whose labels are classes, and elsewhere not at all."""
    keep: Keep = "last"
    """Which weights a training on target images gives: those of its last step; or the best on a fifth of the
    target's episodes, which it is then not trained on."""
    own: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Of methods that bring settings of their own (`Method.own`), by family: such as are not the defaults."""

    def __post_init__(self) -> None:
        """Raises `CrossgapError`: a number of something below 1, a learning rate that is not above 0, or a
        weight or factor that is no number from 0 on. A method's `own` check themselves."""
        for part in (item.name for item in fields(TaskGANConfig) if item.name != "own"):
            value = getattr(self, part)
            for name, number in vars(value).items() if is_dataclass(value) else (("", value),):
                _check_number(f"{part}.{name}".rstrip("."), number)


def _check_number(name: str, value: Any) -> None:
    if isinstance(value, str):
        known = KEEPS if name == "keep" else TASK_NORMS
        right, expected = value in known, f"one of {', '.join(known)}"
    elif isinstance(value, bool):
        right, expected = True, ""
    elif name == "geometry":
        right, expected = value is None or 0 <= value <= 2, "a number from 0 to 2"
    elif name == "augmentation.shift":
        right, expected = 0 <= value < 0.5, "a share of the width from 0 on and below 0.5"
    elif name.endswith("learning_rate"):
        right, expected = 0 < value < float("inf"), "a number above 0"
    elif name.endswith(("_weight", "_rate")):
        right, expected = 0 <= value < float("inf"), "a number from 0 on"
    else:
        least = 0 if name == "networks.generator_blocks" else 1
        right, expected = value >= least, f"at least {least}"
    if not right:
        raise CrossgapError(f"--{option_name(name)} must be {expected}; got {value}.")


RENAMED = {"canonical": "rcan"}
"""Parts whose options have a clearer name now; the one that they have in files goes on working."""


def option_name(name: str) -> str:
    """The option of a part, or of one of its settings (`part.setting`), without its dashes."""
    part, dot, setting = name.partition(".")
    return f"{RENAMED.get(part, part)}{dot}{setting}".replace("_", "-")


LATER: dict[str, Any] = {
    "task_norm": "none", "keep": "last", "geometry": None, "augmentation": asdict(AugmentationConfig()),
}  # fmt: skip
"""Settings that there were none of when results were published, and what was done then."""


def as_settings(settings: Any) -> dict[str, Any]:
    """A dataclass of settings as a dictionary, for run folders and results files: those of `LATER` stand in
    it only where they are something else, so that what was made before them goes on. A method's `own` stand
    in it like all others."""
    return _without_later(asdict(settings))


def own_record(own: Any) -> dict[str, Any]:
    """A method's own settings for run folders: `recorded()` where they say themselves what of them counts."""
    return own.recorded() if hasattr(own, "recorded") else asdict(own)


def _without_later(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    value = value | value.pop("own", {})
    return {key: _without_later(item) for key, item in value.items() if LATER.get(key) != item}


SMALL = NetworkConfig(generator_width=16, generator_blocks=4, discriminator_width=16)
"""Translators that train in minutes, and the paper's task model."""
OWN_DATA = TaskGANConfig(
    networks=replace(SMALL, task_norm="instance"),
    source=SupervisedConfig(1600, 64, 2e-3), randomization=SupervisedConfig(3000, 64),
    target=SupervisedConfig(2000, 16), fine_tuning=SupervisedConfig(2000, 16, 3e-3),
    randomized_fine_tuning=SupervisedConfig(2000, 16),
    translator=TranslatorConfig(1100, 8, 4e-4), canonical=TranslatorConfig(2200, 8, 4e-4),
    refinement=SupervisedConfig(400, 32, 5e-4), two_columns=TwoColumnsConfig(2000, 16),
    cycle=CycleConfig(1100, 8, 4e-4), dann=DANNConfig(3000, 64, domain_weight=0.3),
    augmentation=AugmentationConfig(True, 0.02),
)  # fmt: skip
"""What `crossgap train`, `adapt` and `budget` begin with: some minutes on 2 cores. The norm is every method's
alike: with the paper's task model, which has none, most of a translator's lead is its own norm."""
OWN_CLASSES = replace(
    OWN_DATA, networks=NetworkConfig(32, 256, 16, 2, 16, "instance"),
    source=SupervisedConfig(3000, 64), target=SupervisedConfig(1000, 32),
    fine_tuning=SupervisedConfig(1000, 32), randomized_fine_tuning=SupervisedConfig(1000, 32),
    translator=TranslatorConfig(5000, 16, 4e-4), refinement=SupervisedConfig(1000, 64, 5e-4),
    augmentation=AugmentationConfig(True, 0.0625), geometry=1.0,
)  # fmt: skip
"""The same where labels are classes: as the digits experiment's preset `quick`, with its shifts of 2 in 32
pixels."""


def for_classes(config: TaskGANConfig) -> TaskGANConfig:
    """Settings of own data whose labels are classes: what is as in `OWN_DATA` becomes as in `OWN_CLASSES`."""
    there, default, other = (vars(one) for one in (config, OWN_DATA, OWN_CLASSES))
    parts = there.keys() - {"own"}
    return replace(config, **{part: _exchanged(there[part], default[part], other[part]) for part in parts})


def _exchanged(value: Any, default: Any, other: Any) -> Any:
    """A setting, or the other default where it is as by default; of a group each one."""
    if not is_dataclass(value) or isinstance(value, type):
        return other if value == default else value
    names = [item.name for item in fields(value)]
    return replace(value, **{
        name: _exchanged(*(getattr(one, name) for one in (value, default, other))) for name in names
    })  # fmt: skip
