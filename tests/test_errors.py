"""What an error says of a name that does not exist: which one may be meant, and which there are."""

from __future__ import annotations

import pytest

from crossgap.errors import CrossgapError, find, meant

LOOKS = ("source", "target_a", "target_b", "target_c", "target_pbr")
VERBS = ("budget", "collect", "demo", "doctor", "evaluate", "report", "reproduce", "train", "translate")


@pytest.mark.parametrize(
    ("name", "names", "near"),
    [
        ("target_bb", LOOKS, "target_b"),
        ("Target_PBR", LOOKS, "target_pbr"),
        ("target_z", LOOKS, ""),  # as like target_a as target_b
        ("trian", VERBS, "train"),
        ("eval", VERBS, "evaluate"),
        ("rep", VERBS, ""),  # report, or reproduce
        ("xyz", VERBS, ""),
        ("d", VERBS, ""),
        ("quik", ("smoke", "quick", "full", "paper"), "quick"),
        ("anything", (), ""),
    ],
)
def test_the_name_that_may_be_meant(name: str, names: tuple[str, ...], near: str) -> None:
    assert meant(name, names) == near


def test_an_unknown_name_is_told_with_those_that_exist() -> None:
    with pytest.raises(CrossgapError, match=r"^Look 'x' not found\. Available: far, near\.$"):
        find("Look", "x", {"near": 1, "far": 2})
    with pytest.raises(
        CrossgapError, match=r"^Look 'naer' not found\. Did you mean near\? Available: far, near\.$"
    ):
        find("Look", "naer", {"near": 1, "far": 2})
