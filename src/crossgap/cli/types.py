"""What several verbs take."""

from typing import Literal

Device = Literal["auto", "cpu", "cuda"]
Precision = Literal["auto", "32-true", "bf16-mixed"]
PresetName = Literal["smoke", "quick", "full", "paper"]
