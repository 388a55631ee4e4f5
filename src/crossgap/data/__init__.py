"""Labelled images: open, check, prepare, write. Knows no world. Imports no torch."""

from functools import partial

from crossgap.data.folder import read_folder, read_unlabelled, write_folder
from crossgap.data.images import Classes, LabelledImages, LabelScale
from crossgap.moved import moved

__all__ = ["Classes", "LabelScale", "LabelledImages", "read_folder", "read_unlabelled", "write_folder"]
__getattr__ = partial(moved, "data")
