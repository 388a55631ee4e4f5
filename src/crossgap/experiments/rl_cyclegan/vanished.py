"""What a translator loses: things of x, as the simulator knows them, that are not to be seen in G(x); and
what it invents: things in G(x) where x has none.

Who says what is to be seen is a judge, a segmentation that learnt from images which look real, with the
simulator's segmentation of them. Nobody has that of real images: it judges, and takes no part in anything.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from crossgap.core.runs import timed
from crossgap.core.statistics import mean_interval, percentile_interval, resampled_counts
from crossgap.data.batches import image_tensor
from crossgap.evaluation import AGGREGATE, figures
from crossgap.experiments.engine.experiment import Rows, rows_of
from crossgap.experiments.rl_cyclegan.bins import MASKED, bins
from crossgap.experiments.rl_cyclegan.trial import OnceTrial, seen
from crossgap.methods.retinagan.segmentation import Segmentation
from crossgap.networks import SegmentationNetwork
from crossgap.simulation.grasping.bins import SETUPS
from crossgap.simulation.grasping.scene import BIN, FIRST_THING

JUDGE = "judge"
"""The row of the judge's own errors."""
JUDGED = 1_000_000
"""The stream of the bins that the judge learns from."""
SHOWN = 12
"""Pixels of a thing that can be lost: smaller ones the judge does not see reliably either."""
KEPT = 0.25
"""Share of its pixels by which a thing is still there."""
RESAMPLES = 2_000
"""Bootstrap samples for the interval of what is lost."""
IMAGES = 500
"""That are looked at."""


def judge(trial: OnceTrial) -> SegmentationNetwork:
    """What says which pixels of images that look real are things, however many there are."""
    network, about = trial.new_segmentation(), trial.preset.segmentation
    setup = SETUPS[trial.gap.setup]
    world = bins(trial.gap.look, trial.gap.setup, (1, setup.bins * setup.objects), MASKED)
    grasps = trial.scripted("judged", world, trial.preset.judged, JUDGED)
    masks = np.stack([one.frames[0, ..., 3] for one in grasps])
    data = trial.batches([seen(one) for one in grasps], 3, masks, about.batch)
    trial.fit(Segmentation("judge", network, data, about, trial.seed), "judge")
    return network


@torch.no_grad()
def things_in(network: nn.Module, frames: np.ndarray) -> np.ndarray:
    """Which pixels are of things, (n, H, W) bool, of images (n, H, W, 3) uint8."""
    device = next(network.parameters()).device
    parts = (image_tensor(frames[i : i + 100], device) for i in range(0, len(frames), 100))
    return np.concatenate([(network.eval()(part).argmax(1) == FIRST_THING).cpu().numpy() for part in parts])


def lost(masks: np.ndarray, found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of every thing that shows, whether it is lost, (things,) bool, and in which image it is, (things,) int.

    Args:
        masks: what is where, (n, H, W) as of the environment's `segmentation`.
        found: which pixels of the translated images are of things, (n, H, W) bool.
    """
    shown = [
        (index, found[index][mask == thing])
        for index, mask in enumerate(masks)
        for thing in range(FIRST_THING, mask.max() + 1)
        if (mask == thing).sum() >= SHOWN
    ]
    return np.array([pixels.mean() < KEPT for _, pixels in shown]), np.array([index for index, _ in shown])


def invented(masks: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Which share of each image's bin, (n,), is a thing where there is none."""
    floor = masks == BIN
    return (found & floor).sum((1, 2)) / np.maximum(1, floor.sum((1, 2)))


def vanished_rows(trial: OnceTrial, makers: Mapping[str, Callable[[OnceTrial], nn.Module]]) -> Rows:
    """`vanished` of each method's translator, and as `JUDGE` that of none.

    Args:
        trial: a seed in a gap.
        makers: by method: its G.
    """
    rows: Rows = []
    for name, make in ({JUDGE: None} | dict(makers)).items():

        def look(make: Callable[[OnceTrial], nn.Module] | None = make) -> dict[str, dict[str, Any]]:
            with timed(trial.root, "judge what vanishes"):
                return vanished(trial, make(trial) if make else None)

        about = {"judged": trial.preset.judged, "shown": SHOWN, "kept": KEPT, "images": IMAGES}
        found = trial.evaluated(f"vanished_{name}", look, AGGREGATE, **about)
        rows += rows_of(found, domain=f"{trial.domain}/things", method=name, seed=trial.seed)
    return rows


def vanished(trial: OnceTrial, generator: nn.Module | None, count: int = IMAGES) -> dict[str, dict[str, Any]]:
    """`lost`, the share of things of x that G(x) has lost, and `invented`, the share of x's bin in which G(x)
    has things; without a generator what the judge itself misses and sees in bins that look real."""
    network = judge(trial)
    if generator is None:
        world = bins(trial.gap.look, trial.gap.setup, view=MASKED)
        episodes = trial.scripted("judged_on", world, count, JUDGED + 1)
        masks = np.stack([one.frames[0, ..., 3] for one in episodes])
        frames = np.stack([one.frames[0, ..., :3] for one in episodes])
    else:
        masks = trial.masks()[:count]
        frames = trial.translated(generator, np.stack([one.frames[0] for one in trial.source[:count]]))
    found = things_in(network, frames)
    gone, within = lost(masks, found)
    drawn = resampled_counts(within, RESAMPLES)  # whole images: things of one are lost together
    interval = percentile_interval(drawn @ gone / drawn.sum(1))
    floor = invented(masks, found)
    return {
        "lost": figures(float(gone.mean()), interval, len(gone)),
        "invented": figures(float(floor.mean()), mean_interval(list(floor)), len(floor)),
    }
