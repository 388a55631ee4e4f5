"""An adaptation to more photographs than anybody wants in memory: how much memory it takes, and how long.

    python benchmarks/large_set.py --images 100000

Makes as many 640×480 JPEGs (64 different ones, under many names) and 200 of a target, adapts the one to the
other by the command line, `crossgap adapt --preset smoke --size 64`, twice, and prints the largest resident
memory and the time of each: the second time the images are as they were kept. 100,000 take 1.2 GB of disk.
Writes results/benchmarks/large_set.json.
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
from typing import Any

import numpy as np
from PIL import Image

from crossgap.base.files import write_json
from crossgap.core.runs import provenance, start, timed

DISTINCT, SIZE = 64, (640, 480)
OUTPUT = Path("results/benchmarks/large_set.json")
LIMIT = 3.0
"""GiB that it may take."""


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
    parser.add_argument("--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        start(root / "about")
        with timed(root / "about", "large set"):
            make(root / "source", arguments.images, 0)
            make(root / "target", 200, 1)
            rows = [adapted(root, run) | {"images": arguments.images} for run in ("first", "again")]
        origin = provenance(root / "about")
    origin |= {"command": f"python benchmarks/large_set.py --images {arguments.images}"}
    write_json(arguments.output, {"provenance": origin, "rows": rows})


def adapted(root: Path, run: str) -> dict[str, Any]:
    """Seconds of an adaptation in a process of its own, and the memory of the largest one so far."""
    environment = os.environ | {"XDG_CACHE_HOME": str(root / "cache")}
    sides = ("--source", root / "source", "--target", root / "target", "--output", root / run)
    words = ("adapt", *map(str, sides), "--size", "64", "--preset", "smoke")
    began = time.monotonic()
    subprocess.run([sys.executable, "-m", "crossgap", *words], env=environment, check=True)
    seconds = time.monotonic() - began
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20  # in GiB on Linux
    print(f"{run}: {seconds:.0f} s, at most {largest:.2f} GiB resident; wanted {LIMIT:g} at most", flush=True)
    return {"run": run, "seconds": seconds, "resident_gib": largest, "bar_gib": LIMIT}


if __name__ == "__main__":
    main()
