"""What can be chosen in an experiment, and the presets. Imports no torch, so that `--help` is instant."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, get_args

from crossgap.errors import CrossgapError, unknown

TaskNorm = Literal["none", "instance", "group"]
TASK_NORMS: tuple[str, ...] = get_args(TaskNorm)


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
    """Norm after the task model's first four convolutions; the paper's has none."""


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
class TwoColumnsConfig(SupervisedConfig):
    """The training of the two-column task model on pairs."""

    feature_weight: float = 1.0
    """Weight of the squared distance between the feature layers."""


@dataclass(frozen=True)
class CycleConfig:
    """The training of the cycle TaskGAN."""

    steps: int = 15_000
    """Steps, each of one update of both generators, both discriminators and f_Y."""
    batch: int = 16
    """Images per step, of each domain."""
    learning_rate: float = 2e-4
    """Of all Adams; constant, then linear to zero over the second half."""
    task_weight: float = 1.0
    """λ_φ, for labels scaled to spread 1."""
    cycle_weight: float = 10.0
    """λ_c of the L1 cycle loss; CycleGAN's value."""
    feature_weight: float = 1.0
    """λ_f of the L2 loss between feature layers."""


@dataclass(frozen=True)
class DANNConfig(SupervisedConfig):
    """The training of DANN; a step takes a batch of every data set."""

    domain_hidden: int = 100
    """Units of the domain classifier's hidden layer."""
    domain_weight: float = 1.0
    """Factor on λ_p, the weight of the reversed gradient, which grows from 0 to 1; 1 is the paper's."""


@dataclass(frozen=True)
class DDPGConfig:
    """Of asymmetric DDPG; its seed gives none, most are those of hindsight experience replay."""

    batch: int = 128
    """Transitions per update."""
    learning_rate: float = 1e-3
    """Of all Adams."""
    discount: float = 0.98
    """γ, for episodes of 50 steps."""
    polyak: float = 0.98
    """Share of the old weights that target networks keep at an update."""
    bottleneck_weight: float = 1.0
    """Of MSE(s, s_pred), for positions scaled to [-1, 1]; 0 leaves the reward as the only teacher."""
    action_cost: float = 0.1
    """Of the mean squared action in L_a, which else saturates (Andrychowicz et al. 2017)."""


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

    def __post_init__(self) -> None:
        """Raises `CrossgapError`: a number of something below 1, a learning rate that is not above 0, or a
        weight or factor that is no number from 0 on."""
        for part, value in asdict(self).items():
            for name, number in value.items() if isinstance(value, dict) else (("", value),):
                _check_number(f"{part}.{name}".rstrip("."), number)


def _check_number(name: str, value: float | str) -> None:
    if isinstance(value, str):
        right, expected = value in TASK_NORMS, f"one of {', '.join(TASK_NORMS)}"
    elif name.endswith("learning_rate"):
        right, expected = 0 < value < float("inf"), "a number above 0"
    elif name.endswith(("_weight", "_rate")):
        right, expected = 0 <= value < float("inf"), "a number from 0 on"
    else:
        least = 0 if name == "networks.generator_blocks" else 1
        right, expected = value >= least, f"at least {least}"
    if not right:
        raise CrossgapError(f"--{name.replace('_', '-')} must be {expected}; got {value}.")


MAIN_METHODS = (
    "source_only", "target_only", "fine_tuned", "taskgan_inverse", "taskgan_inverse_refined", "oracle",
)  # fmt: skip
"""The methods of `crossgap demo`."""
ALL_METHODS = (
    "source_only", "target_only", "fine_tuned", "augmented", "augmented_fine_tuned", "randomized",
    "randomized_per_episode_fine_tuned", "randomized_per_frame", "randomized_fine_tuned", "plain_gan",
    "task_loss_only", "task_loss_only_refined", "taskgan_inverse", "taskgan_inverse_refined",
    "source_supervised_taskgan", "source_supervised_taskgan_refined", "source_paired", "plain_gan_forward",
    "taskgan_forward", "source_translated", "source_paired_translated", "source_supervised_gan",
    "cycle_taskgan", "cycle_taskgan_refined", "cycle_taskgan_forward", "cycle_taskgan_translator",
    "cycle_taskgan_unlabelled", "cycle_taskgan_unlabelled_refined", "cycle_taskgan_unlabelled_forward",
    "cycle_taskgan_unlabelled_translator",
    "rcan", "rcan_refined", "rcan_near", "canonical_taskgan", "canonical_taskgan_refined",
    "canonical_taskgan_near", "canonical_taskgan_unlabelled", "canonical_taskgan_unlabelled_refined",
    "oracle",
)  # fmt: skip
"""Every method of `catalog.METHODS` that needs no unlabelled target images, the oracle last."""
FULL_METHODS = tuple(name for name in ALL_METHODS if not name.endswith("_near"))
"""The same without those for a single image, which refine near its label."""


@dataclass(frozen=True)
class Preset:
    """Size of an experiment."""

    size: int = 64
    """Width and height of the images in pixels."""
    source_episodes: int = 1416
    """Demonstrations in the source domain, and for the oracle in the target domain."""
    target_episodes: int = 50
    """Labelled demonstrations in the target domain."""
    steps: int = 16
    """Images per demonstration."""
    perturbation: float = 0.0
    """Disturbance of the demonstrated states where images are simulated for free (source and oracle),
    standard deviation in rad."""
    target_perturbation: float = 0.0
    """The same for the few target demonstrations: 0 shows the way alone, as the paper's do; above, also what
    to do beside it."""
    starts: int = 100
    """Start configurations in the test."""
    episode_steps: int = 100
    """Steps of an episode in closed loop."""
    gains: tuple[float, ...] = (0.1, 0.2, 0.4)
    """Control gains to choose from, on validation starts in the source domain."""
    methods: tuple[str, ...] = MAIN_METHODS
    """What `crossgap reproduce taskgan` compares, in the order of its tables."""
    config: TaskGANConfig = field(default_factory=TaskGANConfig)
    """The training."""


PRESETS = {
    "smoke": Preset(
        size=32, source_episodes=24, target_episodes=6, steps=8, starts=4, episode_steps=5, gains=(0.2,),
        config=TaskGANConfig(
            networks=NetworkConfig(8, 32, 4, 1, 4),
            source=SupervisedConfig(50, 16), randomization=SupervisedConfig(50, 16),
            target=SupervisedConfig(25, 8), fine_tuning=SupervisedConfig(25, 8),
            randomized_fine_tuning=SupervisedConfig(25, 8),
            translator=TranslatorConfig(25, 4), canonical=TranslatorConfig(25, 4),
            refinement=SupervisedConfig(25, 8),
            two_columns=TwoColumnsConfig(25, 8), translated_images=48, cycle=CycleConfig(10, 4),
        ),
    ),
    "quick": Preset(
        perturbation=0.1,
        config=TaskGANConfig(
            networks=NetworkConfig(generator_width=16, generator_blocks=4, discriminator_width=16),
            source=SupervisedConfig(1600, 64, 2e-3), randomization=SupervisedConfig(3000, 64),
            target=SupervisedConfig(2000, 16), fine_tuning=SupervisedConfig(2000, 16, 3e-3),
            randomized_fine_tuning=SupervisedConfig(2000, 16),
            translator=TranslatorConfig(1100, 8, 4e-4), canonical=TranslatorConfig(2200, 8, 4e-4),
            refinement=SupervisedConfig(400, 32, 5e-4), two_columns=TwoColumnsConfig(2000, 16),
            cycle=CycleConfig(1100, 8, 4e-4),
        ),
    ),
    "full": Preset(
        perturbation=0.1, target_perturbation=0.1,
        methods=FULL_METHODS,
        config=TaskGANConfig(
            networks=NetworkConfig(generator_width=16, generator_blocks=4, discriminator_width=16),
            source=SupervisedConfig(1600, 64, 2e-3), randomization=SupervisedConfig(6000, 64),
            target=SupervisedConfig(2000, 16), fine_tuning=SupervisedConfig(2000, 16, 3e-3),
            randomized_fine_tuning=SupervisedConfig(2000, 16),
            translator=TranslatorConfig(2200, 8, 4e-4), canonical=TranslatorConfig(2200, 8, 4e-4),
            refinement=SupervisedConfig(400, 32, 5e-4), two_columns=TwoColumnsConfig(2000, 16),
            cycle=CycleConfig(1100, 8, 4e-4),
        ),
    ),
    "paper": Preset(size=128, methods=FULL_METHODS),
}  # fmt: skip
"""Every preset by name; `paper` has the paper's own sizes and set-up, where it gives them."""
OWN_DATA = replace(PRESETS["quick"].config, dann=DANNConfig(3000, 64, domain_weight=0.3))
"""What `crossgap train` and `budget` begin with: preset quick, which has no DANN, and that of the digits."""


LATER = {"task_norm": "none"}
"""Settings that there were none of when results were published, and what was done then."""


def as_settings(settings: Any) -> dict[str, Any]:
    """A dataclass of settings as a dictionary, for run folders and results files: those of `LATER` stand in
    it only where they are something else, so that what was made before them goes on."""
    return _without_later(asdict(settings))


def _without_later(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: _without_later(item) for key, item in value.items() if LATER.get(key) != item}


def as_json(preset: Preset) -> dict[str, Any]:
    """A preset as JSON gives it back, without its methods: no figure depends on which others there are, so
    a run and its results file go on with further ones."""
    about = as_settings(preset) | {"gains": list(preset.gains)}
    del about["methods"]
    return about


def get_preset(name: str) -> Preset:
    """The preset of that name.

    Raises:
        CrossgapError: there is none; the message lists those that exist.
    """
    if name not in PRESETS:
        raise unknown("Preset", name, PRESETS)
    return PRESETS[name]


def with_task_norm(preset: Preset, task_norm: TaskNorm) -> Preset:
    """The preset with that norm in every task model."""
    networks = replace(preset.config.networks, task_norm=task_norm)
    return replace(preset, config=replace(preset.config, networks=networks))
