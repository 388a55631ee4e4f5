"""Sizes of the experiment, and the gaps that it crosses."""

from dataclasses import dataclass, field

from crossgap.methods.qt_opt.config import QTOptConfig
from crossgap.methods.retinagan import SegmentationConfig
from crossgap.methods.rl_cyclegan import RLCycleGANConfig
from crossgap.rl.cross_entropy import Search


@dataclass(frozen=True)
class Gap:
    """How the "real" bins differ from the simulated ones, and how much is known of them."""

    look: str = "target"
    """What they look like."""
    objects: tuple[int, int] | None = None
    """How many things are in them, from and to; by default as many as in simulation."""
    real: float = 1.0
    """Real grasps that there are, in parts of the preset's."""
    setup: str = "robot_1"
    """Which bins there are, and where robot and camera stand, in simulation, too."""
    tests: tuple[str, ...] = ("robot_1",)
    """The setups that policies are tested in."""


FEW = (1, 3)
"""Things in a bin that is nearly empty; in simulation there are six."""
GAPS = {
    "target": Gap(),
    "few": Gap(objects=FEW),
    "dim": Gap("target_dim"),
    "stickers": Gap("target_stickers"),
    "few_dim": Gap("target_dim", FEW),
    "few_stickers": Gap("target_stickers", FEW),
    "quarter": Gap(real=0.25),
    "fourfold": Gap(real=4.0),
    "sixteenfold": Gap(real=16.0),
    "robot_2": Gap(setup="multi_bin", tests=("single_bin", "multi_bin")),
}
"""By name: the look alone; one to three things; things of the bin's colours; pictures of things on its floor;
the first of these with each of the others; the look alone with other amounts of real grasps; and three bins,
with the robot anywhere before them."""
RIVALS = (
    "blind", "source_only", "cyclegan", "cyclegan_fine_tuned", "rl_cyclegan", "rl_cyclegan_new_q",
    "rl_cyclegan_fine_tuned", "fine_tuned", "target_only", "oracle",
)  # fmt: skip
"""RL-CycleGAN, and what needs no more than CycleGAN and the same labels."""
STUDIES = {
    "robot1": (("target",), None),
    "hard": (("few", "few_dim", "few_stickers"), RIVALS),
    "factors": (("dim", "stickers"), RIVALS),
    "ablation": (("few",), ("rl_cyclegan", "rl_cyclegan_as_written", "rl_cyclegan_without_scene")),
    "ladder": (
        ("quarter", "target", "fourfold", "sixteenfold"),
        ("target_only", "fine_tuned", "rl_cyclegan"),
    ),
    "robot2": (("robot_2",), ("source_only", "target_only", "rl_cyclegan", "oracle")),
}
"""By name: gaps, and the methods that are compared in them, None for all."""
GAP_STUDIES = {gap: ((gap,), methods) for gaps, methods in reversed(STUDIES.values()) for gap in gaps}
"""A study of one gap, by the gap's name: its part of the first study that it is in."""
PHYSICAL = ("source_only", "randomized", "cyclegan", "rl_cyclegan", "oracle")
"""Methods whose policies of the gap `target` are tested where Filament draws it, too."""
MANY, FINETUNE, DRAWN = "many_steps", "finetune", "pbr"
"""The studies of QT-Opt in many steps, of fine-tuning on the policy's own grasps, and of bins that Filament
draws."""


@dataclass(frozen=True)
class OnceSize:
    """Size of the table of Robot 1, by one decision."""

    source: int = 10_000
    """Simulated grasps, of a script."""
    real: int = 400
    """Real grasps of the script, whose images and results are known."""
    oracle: int = 10_000
    """Real grasps of "unlimited real data"."""
    judged: int = 1_000
    """Images that the judge of what vanishes learns from."""
    grasps: int = 400
    """Test grasps, each in a fresh bin of unseen things."""
    q_steps: int = 2_500
    """Updates of a Q-function."""
    tuning_steps: int = 500
    """Updates of one that is fine-tuned."""
    q: QTOptConfig = field(
        default_factory=lambda: QTOptConfig(monte_carlo_share=1.0, search=Search(128, 10, 4))
    )
    """Of a Q-function: each grasp is an episode, so that its return is all there is to know. QT-Opt's search
    of 64 samples finds worse grasps: 51 % succeed, not 64 %, of 300 in validation bins in simulation."""
    q_width: int = 16
    """Filters of its first layer."""
    translation: RLCycleGANConfig = field(default_factory=lambda: RLCycleGANConfig(cycle_distance="absolute"))
    """Steps, batch, rates and weights of every translator, each as far as it has a use for them."""
    segmentation: SegmentationConfig = field(default_factory=SegmentationConfig)
    """Of RetinaGAN's perception."""
    generator_width: int = 16
    """Filters of a generator's first layer."""
    generator_blocks: int = 2
    """Its residual blocks."""
    discriminator_width: int = 16
    """Filters of a discriminator's first layer."""
    discriminator_layers: int = 2
    """Its convolutions of stride 2: patches of 34 pixels."""


ONCE_SIZES = {
    "smoke": OnceSize(
        source=100, real=50, oracle=100, judged=50, grasps=20, q_steps=6, tuning_steps=3,
        q=QTOptConfig(batch=8, monte_carlo_share=1.0), q_width=8,
        translation=RLCycleGANConfig(steps=4, batch=2), segmentation=SegmentationConfig(steps=4, batch=2),
        generator_width=4, generator_blocks=1, discriminator_width=4,
    ),
    "quick": OnceSize(),
    "full": OnceSize(
        source=40_000, oracle=40_000, grasps=1_000, q_steps=10_000, tuning_steps=2_000, q_width=32,
        translation=RLCycleGANConfig(steps=10_000, cycle_distance="absolute"),
        segmentation=SegmentationConfig(steps=10_000), generator_width=32, discriminator_width=32,
    ),
}  # fmt: skip
