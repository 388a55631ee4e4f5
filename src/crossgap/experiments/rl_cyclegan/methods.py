"""What is compared: how each method comes to a policy, with the same networks, tricks, steps and data."""

import functools
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any, cast

import numpy as np
from torch import nn

from crossgap.core.fabric import in_float32
from crossgap.experiments.rl_cyclegan.bins import EYES
from crossgap.experiments.rl_cyclegan.translated import Goggled
from crossgap.experiments.rl_cyclegan.trial import OnceTrial
from crossgap.methods.cyclegan import CycleGANConfig
from crossgap.methods.cyclegan.phase import CycleGAN
from crossgap.methods.graspgan import DomainAdversarialConfig, GraspGANConfig
from crossgap.methods.graspgan.phase import GraspGAN
from crossgap.methods.graspgan.q_function import DomainAdversarialQ
from crossgap.methods.q_goggles import QGogglesConfig
from crossgap.methods.q_goggles.phase import QGoggles
from crossgap.methods.qt_opt.learner import QTOpt
from crossgap.methods.rcan import RCANConfig
from crossgap.methods.rcan.phase import RCAN
from crossgap.methods.retinagan import RetinaGANConfig
from crossgap.methods.retinagan.phase import RetinaGAN
from crossgap.methods.retinagan.segmentation import Segmentation
from crossgap.methods.rl_cyclegan.phase import RLCycleGAN, RLCycleGANAsWritten
from crossgap.networks import DomainClassifier, MaskingGenerator, SegmentationNetwork
from crossgap.networks.q_functions import ImageQ
from crossgap.rl.collection import Act

Make = Callable[[OnceTrial], Act]
"""What makes a method's policy, and trains it if need be."""


def source_only(trial: OnceTrial) -> Act:
    """Q learnt in simulation."""
    return trial.source_q.policy(EYES)


def randomized(trial: OnceTrial) -> Act:
    """Q learnt in simulation that looks random."""
    return trial.learnt("randomized", trial.randomized).policy(EYES)


def blind(trial: OnceTrial) -> Act:
    """Q learnt in simulation without looking: it sees the mean image, whatever is in a bin."""
    mean = np.stack([one.frames[0] for one in trial.source]).mean(0).round().astype(np.uint8)
    learner = trial.learnt("blind", [replace(one, frames=np.stack([mean, mean])) for one in trial.source])
    return Goggled(learner, lambda frames: np.stack([mean] * len(frames)))


def cyclegan(trial: OnceTrial) -> CycleGAN:
    """Its translators; λ_cycle is RL-CycleGAN's, and there is no identity loss and no jitter there either."""
    about = trial.preset.translation
    config = CycleGANConfig(
        about.steps, about.batch, about.learning_rate, about.cycle_weight, about.cycle_weight,
        identity_weight=0.0, pool=about.pool, enlarged=1.0, mirror=False,
    )  # fmt: skip
    phase = CycleGAN(
        "cyclegan", *trial.translators(),
        trial.batches(trial.source), trial.batches(trial.real, 1), config,
    )  # fmt: skip
    trial.fit(phase, "cyclegan")
    return phase


def on_cyclegan(trial: OnceTrial) -> Act:
    """Q learnt on G(x)."""
    drawn = trial.drawn(cyclegan(trial).networks["forward"], trial.source)
    return trial.learnt("on_cyclegan", drawn).policy(EYES)


def cyclegan_fine_tuned(trial: OnceTrial) -> Act:
    """The same, fine-tuned on the real grasps, the labels that RL-CycleGAN has, beside G(x)."""
    drawn = trial.drawn(cyclegan(trial).networks["forward"], trial.source)
    start = trial.learnt("on_cyclegan", drawn)
    return trial.learnt("cyclegan_fine_tuned", drawn, trial.real, start=start).policy(EYES)


def cyclegan_goggles(trial: OnceTrial) -> Act:
    """Q_sim behind F."""
    return trial.goggled(cyclegan(trial).networks["inverse"], trial.source_q)


def segmentation(trial: OnceTrial) -> SegmentationNetwork:
    """What is where in simulated images, whatever they look like."""
    network, about = trial.new_segmentation(), trial.preset.segmentation
    both = trial.source + trial.randomized
    masks = np.concatenate([trial.masks(look) for look in ("source", "randomized")])
    data = trial.batches(both, 2, masks, about.batch)
    phase = Segmentation("segmentation", network, data, about, trial.seed)
    trial.fit(phase, "segmentation")
    return network


def gan(trial: OnceTrial) -> GraspGAN:
    """A plain GAN's G."""
    networks = trial.translators()
    config = GraspGANConfig(**_shared(trial, GraspGANConfig), content_weight=0.0, mask_weight=0.0)
    source, target = trial.batches(trial.source), trial.batches(trial.real, 1)
    phase = GraspGAN("gan", networks.forward, networks.discriminators[1], source, target, config)
    trial.fit(phase, "gan")
    return phase


def on_gan(trial: OnceTrial) -> Act:
    """Q learnt on G(x)."""
    drawn = trial.drawn(gan(trial).networks["generator"], trial.source)
    return trial.learnt("on_gan", drawn).policy(EYES)


def graspgan(trial: OnceTrial) -> GraspGAN:
    """GraspGAN's G, which keeps what the simulator says is the foreground."""
    _, judge = trial.translators().discriminators
    config = GraspGANConfig(**_shared(trial, GraspGANConfig))
    source, target = trial.batches(trial.source, 0, trial.masks()), trial.batches(trial.real, 1)
    phase = GraspGAN("graspgan", trial.new_masking_generator(), judge, source, target, config)
    trial.fit(phase, "graspgan")
    return phase


def on_graspgan(trial: OnceTrial) -> Act:
    """Q learnt on G(x), with features that do not tell it from y."""
    learner, size = trial.new_q(), trial.preset
    drawn = trial.drawn(graspgan(trial).networks["generator"], trial.source)
    source = trial.experience(drawn, size.q.batch)
    target = trial.batches(trial.real, 1, size=size.q.batch)
    config = DomainAdversarialConfig(size.q_steps, photometric_weight=size.q.photometric)
    classifier = DomainClassifier(cast(ImageQ, learner.networks["critic"]).channels)
    phase = DomainAdversarialQ("q", learner, classifier, source, target, config, trial.seed)
    trial.fit(phase, "on_graspgan", in_float32(trial.fabric))
    return learner.policy(EYES)


def retinagan(trial: OnceTrial) -> RetinaGAN:
    """Its translators."""
    config = RetinaGANConfig(**_shared(trial, RetinaGANConfig))
    phase = RetinaGAN(
        "retinagan", *trial.translators(), segmentation(trial),
        trial.batches(trial.source), trial.batches(trial.real, 1), config,
    )  # fmt: skip
    trial.fit(phase, "retinagan")
    return phase


def on_retinagan(trial: OnceTrial) -> Act:
    """Q learnt on G(x)."""
    drawn = trial.drawn(retinagan(trial).networks["forward"], trial.source)
    return trial.learnt("on_retinagan", drawn).policy(EYES)


def rcan_generator(trial: OnceTrial) -> MaskingGenerator:
    """A translator from random looks to the plain one; nothing real was seen."""
    generator, (judge, _) = trial.new_masking_generator(), trial.translators().discriminators
    seen, canonical = trial.batches(trial.randomized), trial.batches(trial.source, 0, trial.masks())
    phase = RCAN("rcan", generator, judge, seen, canonical, RCANConfig(**_shared(trial, RCANConfig)))
    trial.fit(phase, "rcan")
    return generator


def rcan(trial: OnceTrial) -> Act:
    """A Q learnt on what it makes of random looks, behind it."""
    generator = rcan_generator(trial)
    return trial.goggled(generator, trial.learnt("on_rcan", trial.drawn(generator, trial.randomized)))


def taskgan(trial: OnceTrial) -> Act:
    """Q_sim behind TaskGAN's F, whose task model it is."""
    networks, config = trial.translators(), QGogglesConfig(**_shared(trial, QGogglesConfig))
    learner = trial.source_q.twin(trial.fabric.device)
    target = trial.experience(trial.real, config.batch, 1)
    phase = QGoggles(
        "taskgan", networks.inverse, networks.discriminators[0], learner, trial.batches(trial.source),
        target, config,
    )  # fmt: skip
    trial.fit(phase, "taskgan")
    return trial.goggled(networks.inverse, trial.source_q)


def rl_cyclegan(
    trial: OnceTrial, name: str = "rl_cyclegan", kind: type[RLCycleGAN] = RLCycleGAN, **weights: float
) -> RLCycleGAN:  # fmt: skip
    """Its translators and Q-functions, both of which begin as that of `source_only`.

    Args:
        trial: where.
        name: of its folder.
        kind: what is trained by which term.
        weights: those that are not the preset's.
    """
    about = replace(trial.preset.translation, **weights)
    q_sim, q_real = (trial.source_q.twin(trial.fabric.device) for _ in range(2))
    phase = kind(
        "rl_cyclegan", *trial.translators(), q_sim, q_real,
        trial.experience(trial.source, about.batch), trial.experience(trial.real, about.batch, 1), about,
    )  # fmt: skip
    trial.fit(phase, name)
    return phase


rl_cyclegan_as_written = functools.partial(
    rl_cyclegan, name="rl_cyclegan_as_written", kind=RLCycleGANAsWritten
)
rl_cyclegan_without_scene = functools.partial(rl_cyclegan, name="rl_cyclegan_without_scene", scene_weight=0.0)


def q_real(phase: RLCycleGAN) -> QTOpt:
    """RL-CycleGAN's Q_real."""
    return cast(QTOpt, phase.learners["q_real"])


def of_q_real(trial: OnceTrial) -> Act:
    """Its policy."""
    return q_real(rl_cyclegan(trial)).policy(EYES)


def on_rl_cyclegan(trial: OnceTrial) -> Act:
    """Q learnt anew on RL-CycleGAN's G(x), as on CycleGAN's."""
    drawn = trial.drawn(rl_cyclegan(trial).networks["forward"], trial.source)
    return trial.learnt("on_rl_cyclegan", drawn).policy(EYES)


def rl_cyclegan_fine_tuned(trial: OnceTrial) -> Act:
    """Q_real, fine-tuned as CycleGAN's."""
    drawn = trial.drawn(rl_cyclegan(trial).networks["forward"], trial.source)
    start = q_real(rl_cyclegan(trial))
    return trial.learnt("rl_cyclegan_fine_tuned", drawn, trial.real, start=start).policy(EYES)


def target_only(trial: OnceTrial) -> Act:
    """Q learnt from the real grasps alone."""
    return trial.learnt("target_only", trial.real).policy(EYES)


def fine_tuned(trial: OnceTrial) -> Act:
    """Q_sim, fine-tuned on the real grasps beside simulated ones."""
    return trial.learnt("fine_tuned", trial.source, trial.real, start=trial.source_q).policy(EYES)


def oracle(trial: OnceTrial) -> Act:
    """Q learnt from unlimited real grasps."""
    return trial.learnt("oracle", trial.unlimited).policy(EYES)


def _shared(trial: OnceTrial, kind: type) -> dict[str, Any]:
    """The settings of a kind that are the same for all translators."""
    about = trial.preset.translation
    return {f.name: getattr(about, f.name) for f in fields(kind) if hasattr(about, f.name)}


GENERATORS: dict[str, Callable[[OnceTrial], nn.Module]] = {
    "gan": lambda trial: gan(trial).networks["generator"],
    "cyclegan": lambda trial: cyclegan(trial).networks["forward"],
    "graspgan": lambda trial: graspgan(trial).networks["generator"],
    "retinagan": lambda trial: retinagan(trial).networks["forward"],
    "rl_cyclegan": lambda trial: rl_cyclegan(trial).networks["forward"],
    "rl_cyclegan_as_written": lambda trial: rl_cyclegan_as_written(trial).networks["forward"],
    "rl_cyclegan_without_scene": lambda trial: rl_cyclegan_without_scene(trial).networks["forward"],
}
"""By method: its G, trained if need be."""
METHODS: dict[str, Make] = {
    "blind": blind,
    "source_only": source_only,
    "randomized": randomized,
    "gan": on_gan,
    "cyclegan": on_cyclegan,
    "cyclegan_goggles": cyclegan_goggles,
    "graspgan": on_graspgan,
    "rcan": rcan,
    "retinagan": on_retinagan,
    "taskgan": taskgan,
    "cyclegan_fine_tuned": cyclegan_fine_tuned,
    "rl_cyclegan": of_q_real,
    "rl_cyclegan_as_written": lambda trial: q_real(rl_cyclegan_as_written(trial)).policy(EYES),
    "rl_cyclegan_without_scene": lambda trial: q_real(rl_cyclegan_without_scene(trial)).policy(EYES),
    "rl_cyclegan_new_q": on_rl_cyclegan,
    "rl_cyclegan_fine_tuned": rl_cyclegan_fine_tuned,
    "fine_tuned": fine_tuned,
    "target_only": target_only,
    "oracle": oracle,
}
"""By name. Translators and the first Q are trained once, whoever asks first."""
