"""Sizes of the Pick & Place experiment, and the ways to learn it that are compared. Imports no torch."""

from dataclasses import dataclass, field

from crossgap.methods.asymmetric_ddpg.config import DDPGConfig
from crossgap.methods.config import SupervisedConfig


@dataclass(frozen=True)
class Rounds:
    """How long a policy learns."""

    rounds: int
    """How often an episode is played in every environment, and learnt from."""
    updates: int
    """Updates per round."""
    learning_rate: float = 1e-3
    """Of all Adams."""
    evaluate_every: int = 10
    """Rounds between two evaluations on the validation goals."""


@dataclass(frozen=True)
class PickPlacePreset:
    """Size of the experiment and its settings; the seed publishes none of them."""

    size: int = 84
    """Width and height of the images in pixels; the seed's."""
    environments: int = 16
    """Episodes that are played at the same time."""
    episode_steps: int = 50
    """Steps of an episode; Fetch's."""
    privileged: Rounds = field(default_factory=lambda: Rounds(40, 200))
    """Of the policies that see the state."""
    images: Rounds = field(default_factory=lambda: Rounds(16, 100, 3e-4, 4))
    """Of the policies that see images, which start with what the privileged one has learnt."""
    replay: int = 100_000
    """Frames that are remembered."""
    relabelled: float = 0.8
    """Share of transitions whose goal is where the cube was later in the same episode."""
    noise: float = 0.1
    """Standard deviation of the exploration noise on actions in [-1, 1]."""
    random: float = 0.1
    """Share of actions that are random."""
    demonstrations: int = 100
    """Episodes of the scripted expert (Nair et al. 2018: 100), 0 for none."""
    demonstrated: int = 32
    """Transitions of an update that are the expert's, besides those of the learner's own."""
    cloning_weight: float = 10.0
    """Of the imitation of demonstrations in the actor's loss."""
    hidden: int = 128
    """Units of the hidden layers of actor and critic."""
    extractor_episodes: int = 640
    """Episodes whose images the extractor is initialized on."""
    extractor: SupervisedConfig = field(default_factory=lambda: SupervisedConfig(3000, 64, 1e-3))
    """Of that initialization."""
    goals: int = 100
    """Goals of an evaluation."""
    methods: tuple[str, ...] = ("privileged", "privileged_no_demonstrations", "images", "images_randomized")
    """What is trained; names of `SETUPS`."""
    looks: tuple[str, ...] = ("source", "target_a", "target_b", "target_c")
    """Where policies that see images are tested."""
    learner: DDPGConfig = field(default_factory=lambda: DDPGConfig(batch=96))
    """The learner's settings, but for its learning rate."""


PICK_PLACE_PRESETS = {
    "smoke": PickPlacePreset(
        size=48, environments=2, episode_steps=4, privileged=Rounds(2, 3, evaluate_every=1),
        images=Rounds(2, 3, evaluate_every=1),
        demonstrations=2, demonstrated=4, hidden=16, extractor_episodes=4, goals=2,
        extractor=SupervisedConfig(3, 4), learner=DDPGConfig(batch=8),
    ),
    "quick": PickPlacePreset(),
    "full": PickPlacePreset(
        privileged=Rounds(80, 200), images=Rounds(60, 200, 3e-4), extractor_episodes=1280,
        extractor=SupervisedConfig(10_000, 64, 1e-3),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class PickPlaceSetup:
    """One way to learn it."""

    cameras: tuple[str, ...] = ("front", "side")
    """What the policy sees; the state where there is none."""
    demonstrations: bool = True
    """Whether an expert's episodes help."""
    randomization: str = "none"
    """Domain randomization."""
    per_frame: bool = False
    """Whether it is new for every frame, not only for every episode."""


SETUPS = {
    "privileged": PickPlaceSetup(cameras=()),
    "privileged_no_demonstrations": PickPlaceSetup(cameras=(), demonstrations=False),
    "images": PickPlaceSetup(),
    "images_randomized": PickPlaceSetup(randomization="full", per_frame=True),
}
