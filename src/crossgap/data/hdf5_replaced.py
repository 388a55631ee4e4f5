"""A file of demonstrations with other images: whatever is no image of these cameras stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from crossgap.base.files import writing
from crossgap.data.hdf5 import damaged, demonstrations, image_of, opened
from crossgap.data.parquet import optional

Change = Callable[[Iterable[np.ndarray]], Iterator[np.ndarray]]
"""Images (H, W, 3) uint8 of one camera, in order, to as many others, all of one size."""
SEEN = ("obs", "next_obs")
"""Groups of a demonstration that have its images; the second those of a step later."""


def replace_images(
    source: Path, path: Path, changes: Mapping[str, Change], kept: Iterable[int],
    advance: Callable[[int], None] = lambda count: None,
) -> None:  # fmt: skip
    """Write demonstrations once more, with other images of some cameras, in one piece.

    Args:
        source: the file.
        path: the new one.
        changes: by camera, what becomes of its images; those of `next_obs` change alike.
        kept: the demonstrations that stay, by their place in their order; they keep their names.
        advance: is told how many images have been changed.

    Raises:
        CrossgapError: the file is damaged, or the disk is full.
    """
    h5py, stay = optional("h5py", "hdf5", f"{source}: HDF5"), set(kept)
    with opened(source) as old, writing(path) as temporary:
        try:
            demos = demonstrations(source, old)
            names = {name for at, name in enumerate(demos) if at in stay}
            with h5py.File(temporary, "w") as new:
                _attributes(old, new)
                for key in old:
                    if key != "data":
                        old.copy(key, new)
                _attributes(old["data"], data := new.create_group("data"))
                for key, item in old["data"].items():
                    if key in names:
                        _demonstration(item, data.create_group(key), changes, advance)
                    elif key not in demos:
                        old["data"].copy(key, data)
                if len(names) < len(demos):
                    steps = sum(len(data[name]["actions"]) for name in names)
                    if "total" in data.attrs:
                        data.attrs["total"] = steps
                    _masks(new, names)
        except (OSError, RuntimeError, KeyError, ValueError) as error:
            raise damaged(source, error) from error


def _attributes(old: Any, new: Any) -> None:
    for key, value in old.attrs.items():
        new.attrs[key] = value


def _demonstration(old: Any, new: Any, changes: Mapping[str, Change], advance: Callable[[int], None]) -> None:
    _attributes(old, new)
    for key, item in old.items():
        if key not in SEEN or not hasattr(item, "keys"):
            old.copy(key, new)
            continue
        _attributes(item, seen := new.create_group(key))
        for name in item:
            if name in changes:
                _camera(item[name], seen, name, changes[name], advance)
            else:
                item.copy(name, seen)


def _camera(old: Any, group: Any, name: str, change: Change, advance: Callable[[int], None]) -> None:
    """A camera's images of a demonstration, changed; compressed as they were."""
    new = None
    for step, image in enumerate(change(image_of(old[step]) for step in range(len(old)))):
        if new is None:
            shape = (len(old), *image.shape)
            new = group.create_dataset(
                name, shape, np.uint8, chunks=(1, *image.shape), compression=old.compression,
                compression_opts=old.compression_opts,
            )  # fmt: skip
            _attributes(old, new)
        new[step] = image
        advance(1)


def _masks(file: Any, names: set[str]) -> None:
    """The lists of demonstrations, robomimic's filters, without those that do not stay."""
    masks = file.get("mask")
    for key in list(masks) if hasattr(masks, "keys") else ():
        listed = masks[key][()]
        if getattr(listed, "ndim", 0) == 1 and listed.dtype.kind in "SO":
            texts = [one.decode() if isinstance(one, bytes) else str(one) for one in listed]
            kind = masks[key].dtype
            del masks[key]
            stay = [text.encode() for text in texts if text in names]
            masks.create_dataset(key, data=np.array(stay, dtype=kind), dtype=kind)
