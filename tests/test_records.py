"""What a value must look like, in words where it does not."""

from __future__ import annotations

import pytest

from crossgap.base.records import mismatch

EPISODE = {"seed": int, "success": bool, "low": (float, None)}


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        (3, int), (3, float), (3.5, float), (True, bool), ("a", str), ([], list), ({}, dict), (None, None),
        (None, (float, None)), (2, range(3)), ([], [int]), ([1, 2], [int]), ({"a": 1, "b": "x"}, {"a": int}),
        ({"a": "x", "b": 1.5}, {"a": str, ...: float}), (True, object), (None, object), ({}, {...: float}),
        ([{"seed": 1, "success": False, "low": None}], [EPISODE]),
    ],
)  # fmt: skip
def test_what_fits(value: object, shape: object) -> None:
    assert mismatch(value, shape) == ""


@pytest.mark.parametrize(
    ("value", "shape", "problem"),
    [
        ([], dict, "it is a list, expected an object"),
        ({}, [int], "it is an object, expected a list"),
        (True, int, "it is true, expected a whole number"),
        (1, bool, "it is 1, expected true or false"),
        (3.0, int, "it is 3.0, expected a whole number"),
        ("3", (float, None), 'it is "3", expected a number or null'),
        (10**9, range(1, 100), "it is 1000000000, expected a whole number from 1 to 99"),
        (True, range(3), "it is true, expected a whole number from 0 to 2"),
        ({}, {"a": {"b": int}}, "'a' is absent, expected an object"),
        ({"a": {}}, {"a": {"b": int}}, "'a.b' is absent, expected a whole number"),
        ({"size": [32]}, {"size": [int, 2]}, "'size' has 1 entries, expected 2"),
        ({"size": [32, "x"]}, {"size": [int, 2]}, "'size[1]' is \"x\", expected a whole number"),
        ({"a": "x", "b": None}, {"a": str, ...: float}, "'b' is null, expected a number"),
        ([1, "x"], [int], "'[1]' is \"x\", expected a whole number"),
        ({"rows": [{"seed": 0}]}, {"rows": [EPISODE]}, "'rows[0].success' is absent, expected true or false"),
        ("x" * 99, int, f'it is "{"x" * 39}…, expected a whole number'),
    ],
)
def test_what_does_not_fit(value: object, shape: object, problem: str) -> None:
    assert mismatch(value, shape) == problem
