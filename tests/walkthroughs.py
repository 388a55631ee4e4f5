"""The folders that docs/architecture.md tells to make: what it says is what tests do."""

from __future__ import annotations

import re
from pathlib import Path

DOCUMENT = Path(__file__).parents[1] / "docs" / "architecture.md"


def walkthrough(room: str, to: Path) -> Path:
    """Make the folder of the document's method, world or experiment (`room`) in `to`, which it returns."""
    blocks = re.findall(r"```python\n# (\S+)\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    files = {Path(name): text for name, text in blocks if name.startswith(f"{room}/")}
    assert files, f"no walk-through for {room}"
    for name, text in files.items():
        path = to / name.relative_to(room)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return to
