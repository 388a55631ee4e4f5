"""Labelled images: open, check, prepare, write. Knows no world. Imports no torch."""

from crossgap.data.folder import read_folder, read_unlabelled, write_folder
from crossgap.data.images import Classes, LabelledImages, LabelScale
from crossgap.moved import moved_from

__all__ = [
    "Classes",
    "LabelScale",
    "LabelledImages",
    "read_folder",
    "read_unlabelled",
    "write_folder",
]
__getattr__ = moved_from("data")
