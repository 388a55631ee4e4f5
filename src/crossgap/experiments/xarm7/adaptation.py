"""TaskGAN goggles for a policy: inverse TaskGAN in front of it, with its own feature extractor as the task
model. The policy stays as it is."""

import copy
from pathlib import Path

import torch

from crossgap.base.files import read_json, write_json
from crossgap.core.fabric import hardware
from crossgap.core.trainer import Trainer
from crossgap.core.weights import digest_in
from crossgap.data.batches import Batches
from crossgap.deploy.policy import ABOUT as POLICY
from crossgap.deploy.policy import GOGGLES, Goggles, PerCamera, ReachPolicy, load_goggles, save_goggles
from crossgap.errors import CrossgapError
from crossgap.experiments.xarm7.training import ReachTraining
from crossgap.methods.supervised import Supervised
from crossgap.methods.taskgan.phase import TaskGAN
from crossgap.networks import Discriminator, Generator

MADE_FOR = "made_for.json"
TARGET_IMAGES, SOURCE_IMAGES = 15_000_000, 16_000_000
"""Seeds of the first labelled image of a target look, and of the source, that a translator learns from."""


class Adaptation:
    """A trained policy and a few labelled images of a target look: their positions are what the arm's joint
    angles say.

    Args:
        training: of the policy.
        look: the target look.

    Raises:
        CrossgapError: the policy sees depth; later, what is there was made for another policy.
    """

    def __init__(self, training: ReachTraining, look: str):
        if training.setup.depth:
            raise CrossgapError("Goggles translate images: a policy that sees depth cannot have any.")
        self.training, self.look, self.preset = training, look, training.preset
        self.folder, self.fabric = training.folder / look, training.fabric
        self.trainer = Trainer(self.folder, self.fabric, training.seed, training.quiet)

    def _batches(self, few: bool, stream: int) -> Batches:
        count, first = self.preset.source_images, SOURCE_IMAGES
        if few:
            count, first = self.preset.target_images, TARGET_IMAGES
        look = {"look": self.look} if few else {}
        images, positions = self.training.collected(count, first, randomization="none", **look)
        device, seed = self.fabric.device, 10 * self.training.seed + stream
        tensors = torch.from_numpy(images).to(device), torch.from_numpy(positions).to(device)
        return Batches(*tensors, self.preset.translator.batch, seed)

    def _policy(self) -> ReachPolicy:
        """The policy for which all that is in the folder is made."""
        policy = self.training.policy()
        path, here = self.folder / MADE_FOR, {"policy": policy_digest(self.training.folder)}
        again = f"Remove {self.folder} to have that made again."
        there = read_json(path, "record", dict, again) if path.exists() else {"policy": None}
        parts = ("goggles", "fine_tuned", "checkpoints")
        if there != here and any((self.folder / part).exists() for part in parts):
            raise CrossgapError(
                f"{self.folder} was made for another policy, or does not say for which. {again}"
            )
        write_json(path, here)
        return policy

    def goggles(self) -> Goggles:
        """The policy behind inverse TaskGAN, trained first if need be."""
        policy, networks = self._policy(), self.preset.networks
        path = self.folder / "goggles"
        if not path.exists():
            torch.manual_seed(self.training.seed)
            generator = Generator(networks.generator_width, networks.generator_blocks)
            phase = TaskGAN(
                "goggles", PerCamera(generator), PerCamera(Discriminator(networks.discriminator_width)),
                policy.extractor,
                inputs=self._batches(few=True, stream=1), real=self._batches(few=False, stream=2),
                config=self.preset.translator,
            )  # fmt: skip
            self.trainer.fit(phase)
            save_goggles(generator, path)
        fast = hardware(self.fabric)["precision"] == "bf16-mixed"
        return Goggles(policy, load_goggles(path, self.fabric.device), fast)

    def fine_tuned(self) -> ReachPolicy:
        """The simple thing to do with as many images: the extractor trained on, with them and the source."""
        policy, config = self._policy(), self.preset.fine_tuning
        path = self.folder / "fine_tuned"
        if not path.exists():
            extractor = copy.deepcopy(policy.extractor)
            data = [self._batches(few=True, stream=3), self._batches(few=False, stream=4)]
            self.trainer.fit(Supervised("fine_tuned", extractor, data, config.steps, config.learning_rate))
            ReachPolicy(extractor, policy.actor, policy.about).save(path)
        return ReachPolicy.load(path, self.fabric.device)


def policy_digest(folder: Path) -> str | None:
    """The digest of a trained policy's weights; None where there is none, or one of before there were any."""
    return digest_in(folder / "policy" / POLICY, "policy")


def adapted_digest(folder: Path, look: str, how: str) -> str | None:
    """The same of what is made for a look of the policy in a folder, `goggles` or `fine_tuned`."""
    return digest_in(folder / look / how / (GOGGLES if how == "goggles" else POLICY), how)
