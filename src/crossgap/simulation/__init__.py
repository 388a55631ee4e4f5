"""Worlds to see and act in: Gymnasium environments on MuJoCo. Imports no torch."""

import gymnasium

from crossgap.simulation.gl import choose_gl

choose_gl()

REACH3 = "crossgap/Reach3-v0"

if REACH3 not in gymnasium.registry:
    gymnasium.register(id=REACH3, entry_point="crossgap.simulation.reach3:Reach3Env", max_episode_steps=100)
