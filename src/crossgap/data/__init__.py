"""Labelled images: open, check, write; collect them from a simulation. Imports no torch."""

from crossgap.config import Collection
from crossgap.data.collect import collect
from crossgap.data.folder import read_folder, read_unlabelled, write_folder
from crossgap.data.images import Classes, LabelledImages, LabelScale

__all__ = [
    "Classes",
    "Collection",
    "LabelScale",
    "LabelledImages",
    "collect",
    "read_folder",
    "read_unlabelled",
    "write_folder",
]
