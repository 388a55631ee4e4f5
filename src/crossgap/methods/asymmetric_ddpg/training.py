"""What trainings of asymmetric DDPG share beyond those of any policy: images of known positions."""

from pathlib import Path

from torch import Tensor

from crossgap.core.trainer import Trainer
from crossgap.data.batches import Batches
from crossgap.methods.asymmetric_ddpg.learner import AsymmetricDDPG
from crossgap.methods.config import SupervisedConfig
from crossgap.methods.supervised import Supervised
from crossgap.rl import training


class Training(training.Training):
    """As there, of an `AsymmetricDDPG`."""

    learner: AsymmetricDDPG

    def shared(self, images: Tensor, labels: Tensor, size: int) -> Batches:
        """This device's share of batches of labelled images."""
        device, share = self.fabric.device, (self.fabric.global_rank, self.fabric.world_size)
        return Batches(images.to(device), labels.to(device), size, self.seed, *share)

    def initialize(self, folder: Path, batches: Batches, steps: int, config: SupervisedConfig) -> None:
        """Teach the extractor what images tell of the state before there is a reward: the seed's best results
        begin with an "initialized feature extractor"."""
        extractor = self.learner.networks["extractor"]
        phase = Supervised("extractor", extractor, [batches], steps, config.learning_rate)
        Trainer(folder, self.fabric, self.seed, self.quiet).fit(phase)
        self.learner.targets["extractor"].load_state_dict(extractor.state_dict())
