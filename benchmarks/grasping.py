"""How fast grasps are collected, and what a step of RL-CycleGAN costs beside its parts.

    python benchmarks/grasping.py [--preset quick] [--rounds 10] [--at-once 50] [--seconds 120]

Collection: episodes/s of scripts with pictures, a fresh bin for each, in a pool of one process, of one for
each core, and, where Ray is installed, of as many of its actors, which should reach 0.9 of the pool.

Step: RL-CycleGAN's beside its parts run apart, as sized by the experiment's preset: a step of CycleGAN with
the same networks, and updates of both Q from as many images as each sees in RL-CycleGAN, three batches. It
should cost 1.35 times their sum at most. Also beside updates from a batch each, as two Q alone have them. All
on random images.

All are timed in turn, so that whatever else the machine does slows all of them; printed are medians over
rounds with their 10 to 90 % range. Writes results/benchmarks/grasping.json.
"""

from __future__ import annotations

import argparse
import importlib.util
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from crossgap.base.files import write_json
from crossgap.base.machine import available_cores
from crossgap.core.fabric import make_fabric
from crossgap.core.runs import provenance, start, timed
from crossgap.core.trainer import Phase
from crossgap.data.batches import Batches
from crossgap.experiments.rl_cyclegan.bins import EYES, FORM, NUMBERS, new_critic
from crossgap.experiments.rl_cyclegan.presets import ONCE_SIZES, OnceSize
from crossgap.methods.cyclegan import CycleGANConfig
from crossgap.methods.cyclegan.phase import CycleGAN
from crossgap.methods.qt_opt.learner import QTOpt
from crossgap.methods.rl_cyclegan.phase import RLCycleGAN
from crossgap.networks import PatchDiscriminator, SkipGenerator
from crossgap.rl.collection import FIRST_EPISODE, Act, World, play
from crossgap.rl.experience import Experience
from crossgap.rl.offline import Offline
from crossgap.rl.replay import Episode
from crossgap.rl.rewarded import RewardedReplay
from crossgap.simulation.grasping import IIWA_GRASP, IIWA_GRASP_ONCE
from crossgap.simulation.grasping.script import OnceScript, Script
from cyclegan_step import CLOCKS, WARM_UP, spread, timed_step

OUTPUT = Path("results/benchmarks/grasping.json")
WORLDS: dict[str, tuple[Callable[[np.random.Generator], Act], int]] = {
    IIWA_GRASP_ONCE: (OnceScript, 1),
    IIWA_GRASP: (Script, 12),
}
"""Who acts in each, and for how many steps at most."""
SIZE, GRASPS = 64, 200
STEP_BAR, RAY_BAR = 1.35, 0.9


def told(values: dict[str, float]) -> str:
    """A median with its range."""
    return f"{values['median']:.2f} [{values['low']:.2f}, {values['high']:.2f}]"


# collection


def engines() -> dict[str, tuple[int, str]]:
    """Number of workers and what they are, by name."""
    cores = available_cores()
    ray = {"ray": (cores, "ray")} if importlib.util.find_spec("ray") else {}
    return {"one process": (1, "processes"), f"{cores} processes": (cores, "processes")} | ray


def collected(env_id: str, at_once: int, rounds: int) -> dict[str, Any]:
    """Episodes/s of one world by engine, and Ray's beside the pool's; the first round does not count."""
    script, steps = WORLDS[env_id]
    rates: dict[str, list[float]] = {name: [] for name in engines()}
    with ExitStack() as opened:
        pools = {
            name: opened.enter_context(World(env_id, EYES, workers=workers, engine=engine).pool(at_once))
            for name, (workers, engine) in engines().items()
        }
        for number in range(1 + rounds):
            first = FIRST_EPISODE + number * at_once
            for name, pool in pools.items():
                act, began = script(np.random.default_rng(number)), time.perf_counter()
                play(pool, act, range(first, first + at_once), steps, EYES)
                rates[name].append(at_once / (time.perf_counter() - began))
    found = {name: spread(values[1:]) for name, values in rates.items()}
    row: dict[str, Any] = {"world": env_id, "at_once": at_once, "episodes_per_second": found}
    for name, values in found.items():
        print(f"{told(values)} episodes/s    {env_id}, {name}", flush=True)
    if "ray" in rates:
        local = rates[f"{available_cores()} processes"]
        row["ray_beside_processes"] = spread([a / b for a, b in zip(rates["ray"], local, strict=True)][1:])
        print(f"    Ray is {told(row['ray_beside_processes'])} × the local pool; expected {RAY_BAR} at least")
    return row


# a step


def random_grasps(seed: int) -> RewardedReplay:
    """Grasps of one decision, with images of noise."""
    rng, replay = np.random.default_rng(seed), RewardedReplay(2 * GRASPS, 0.9)
    nothing = np.zeros((2, 0), np.float32)
    for _ in range(GRASPS):
        frames = rng.integers(256, size=(2, SIZE, SIZE, 3), dtype=np.uint8)
        measured = rng.uniform(-0.1, 0.1, (2, NUMBERS)).astype(np.float32)
        action = rng.uniform(-1, 1, (1, FORM.size)).astype(np.float32)
        result = rng.integers(2, size=1).astype(np.float32)
        replay.add(Episode(frames, measured, nothing, action, nothing[0], result))
    return replay


class Parts:
    """RL-CycleGAN's step and its parts, each with networks of its own."""

    def __init__(self, size: OnceSize):
        self.about, self.size, self.fabric = (
            replace(size.translation, steps=10_000),
            size,
            make_fabric("auto"),
        )
        self.replays = random_grasps(1), random_grasps(2)

    def _networks(self) -> tuple[SkipGenerator, SkipGenerator, tuple[PatchDiscriminator, PatchDiscriminator]]:
        torch.manual_seed(0)
        size = self.size
        G, F = (SkipGenerator(size.generator_width, size.generator_blocks) for _ in range(2))
        D = [PatchDiscriminator(size.discriminator_width, size.discriminator_layers) for _ in range(2)]
        return G, F, (D[0], D[1])

    def _learner(self) -> QTOpt:
        about = replace(self.size.q, photometric=0.0)
        return QTOpt(new_critic(self.size.q_width, "robot_1"), FORM, about, self.fabric.device)

    def _ready(self, phase: Phase) -> Phase:
        phase.steps = 0  # too few to be compiled
        phase.setup(self.fabric)
        return phase

    def rl_cyclegan(self) -> Phase:
        """All of it."""
        sim, real = (Experience(one, self.about.batch, seed) for seed, one in enumerate(self.replays))
        learners = self._learner(), self._learner()
        return self._ready(RLCycleGAN("all", *self._networks(), *learners, sim, real, self.about))

    def cyclegan(self) -> Phase:
        """Its translators alone: neither identity loss nor jitter."""
        about, device = self.about, self.fabric.device
        config = CycleGANConfig(
            about.steps, about.batch, about.learning_rate, about.cycle_weight, about.cycle_weight,
            identity_weight=0.0, pool=about.pool, enlarged=1.0, mirror=False,
        )  # fmt: skip

        def batches(seed: int) -> Batches:
            frames = self.replays[seed].sample(GRASPS, np.random.default_rng(seed)).frames
            labels = torch.zeros(GRASPS, 0, device=device)
            return Batches(torch.from_numpy(frames).to(device), labels, about.batch, seed)

        return self._ready(CycleGAN("cyclegan", *self._networks(), batches(0), batches(1), config))

    def q_functions(self, images: int) -> list[Phase]:
        """Both Q, each learning from that many batches."""
        phases = []
        for seed, replay in enumerate(self.replays):
            learner = self._learner()
            experience = [Experience(replay, self.about.batch, 10 * seed + part) for part in range(images)]
            phases.append(self._ready(Offline("q", learner, experience, 10_000)))
            learner.phase = phases[-1]
        return phases


def compared(size: OnceSize, seconds: float) -> dict[str, Any]:
    """Seconds of a step and of its parts, and the former as multiples of these parts' sums, by `CLOCKS`."""
    parts = Parts(size)
    phases = {
        "RL-CycleGAN": [parts.rl_cyclegan()], "CycleGAN": [parts.cyclegan()],
        "both Q, three batches each": parts.q_functions(3), "both Q, a batch each": parts.q_functions(1),
    }  # fmt: skip
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in phases}
    began, number = time.perf_counter(), 0
    while time.perf_counter() - began < seconds or number < WARM_UP + 3:
        for name, some in phases.items():
            taken = [timed_step(phase.training_step, number) for phase in some]
            times[name].append((sum(wall for wall, _ in taken), sum(cpu for _, cpu in taken)))
        number += 1
    row: dict[str, Any] = {"rounds": number - WARM_UP, "batch": parts.about.batch}
    for at, clock in enumerate(CLOCKS):
        found = {name: np.array([pair[at] for pair in pairs[WARM_UP:]]) for name, pairs in times.items()}
        whole, gan, *q = found.values()
        ratios = {
            name: spread(list(whole / (gan + one))) for name, one in zip(list(found)[2:], q, strict=True)
        }
        row[clock] = {
            "seconds": {name: float(np.median(values)) for name, values in found.items()}, "ratios": ratios
        }  # fmt: skip
        for name, value in row[clock]["seconds"].items():
            print(f"{value:8.3f} s ({clock})    {name}")
        for name, ratio in ratios.items():
            print(f"    RL-CycleGAN is {told(ratio)} × CycleGAN and {name} ({clock})", flush=True)
    print(f"    expected {STEP_BAR} at most, beside three batches each")
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--preset", choices=list(ONCE_SIZES), default="quick", help="sizes of the networks")
    parser.add_argument("--rounds", type=int, default=10, help="of collection")
    parser.add_argument("--at-once", type=int, default=50, help="episodes of a round")
    parser.add_argument("--seconds", type=float, default=120.0, help="of steps")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        start(Path(name))
        with timed(Path(name), "grasping"):
            step = compared(ONCE_SIZES[arguments.preset], arguments.seconds)
            rows = [collected(env_id, arguments.at_once, arguments.rounds) for env_id in WORLDS]
        origin = provenance(Path(name)) | {
            "command": f"python benchmarks/grasping.py --preset {arguments.preset}"
        }
    about = {"provenance": origin, "cores": available_cores(), "threads": torch.get_num_threads()}
    write_json(arguments.output, about | {"collection": rows, "step": step})


if __name__ == "__main__":
    main()
