"""A training on more photographs than anybody wants in memory: how much memory it takes, and how long.

    python benchmarks/large_set.py --images 100000

Makes as many 640×480 JPEGs (64 different ones, under many names), trains `fine_tuned` for some steps at
--size 64 by the command line, twice, and prints the largest resident memory and the time of each: the second
time the images are as they were kept. 100,000 take 1.2 GB of disk.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

DISTINCT, SIZE = 64, (640, 480)
STEPS = ("--source.steps", "12", "--fine-tuning.steps", "12", "--networks.task-width", "4")


def make(folder: Path, count: int, seed: int) -> None:
    """A folder of photographs of coloured noise, and a table of one label."""
    rng = np.random.default_rng(seed)
    images = folder / "images"
    images.mkdir(parents=True)
    for number in range(min(DISTINCT, count)):
        small = Image.fromarray(rng.integers(0, 256, (24, 32, 3), np.uint8))
        small.resize(SIZE).save(images / f"{number:06d}.jpg", quality=90)
    for number in range(DISTINCT, count):
        os.link(images / f"{number % DISTINCT:06d}.jpg", images / f"{number:06d}.jpg")
    labels = rng.random(count)
    rows = (f"images/{number:06d}.jpg,{number // 50},{label:.6f}\n" for number, label in enumerate(labels))
    (folder / "labels.csv").write_text("image,episode,angle\n" + "".join(rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--images", type=int, default=100_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        make(root / "source", arguments.images, 0)
        make(root / "target", 200, 1)
        environment = os.environ | {"XDG_CACHE_HOME": str(root / "cache")}
        for run in ("first", "again"):
            began = time.monotonic()
            sides = ("--source", root / "source", "--target", root / "target", "--output", root / run)
            words = ("train", "fine_tuned", *map(str, sides), "--size", "64", *STEPS)
            subprocess.run([sys.executable, "-m", "crossgap", *words], env=environment, check=True)
            largest = (
                resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
            )  # of both, in GiB on Linux
            print(f"{run}: {time.monotonic() - began:.0f} s, at most {largest:.2f} GiB resident")


if __name__ == "__main__":
    main()
