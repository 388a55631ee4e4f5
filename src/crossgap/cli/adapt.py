"""`crossgap adapt`; what it does is imported when it runs."""

from crossgap.cli.settings import Flat, in_boxes, out_of_boxes
from crossgap.commands.options import AdaptOptions


def adapt(options: Flat[in_boxes(AdaptOptions)]) -> None:  # type: ignore
    """From your simulated and your real images to a model, and to whether a translator is worth it.

    Checks both sets, holds out a part of the real one, trains cheap baselines and the methods that suit, and
    writes one report: errors on held-out images in your labels' units, what to use, and what cannot be known.
    It is `train`, `evaluate` and `report` together. Started again after a kill, it goes on where it was.
    """
    from crossgap.commands.adapt.run import adapt_folders

    adapt_folders(out_of_boxes(AdaptOptions, options))
