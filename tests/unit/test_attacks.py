"""`ATTACKS.md` says the truth: what it names exists, and tries what it is said to try."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
_ROW = re.compile(r"^\| A(\d+) \|(.*)$", re.MULTILINE)
ROWS = {
    int(number): re.findall(r"`(test_\w+)`", rest)
    for number, rest in _ROW.findall((TESTS / "ATTACKS.md").read_text("utf-8"))
}
NAMED = [(number, name) for number, names in ROWS.items() for name in names]


@cache
def _said_of_tests() -> dict[str, str]:
    """What the docstrings of each test and of its file say, by its name."""
    said: dict[str, str] = {}
    for file in TESTS.rglob("test_*.py"):
        module = ast.parse(file.read_text("utf-8"))
        about = ast.get_docstring(module) or ""
        for node in module.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                told = f"{about} {ast.get_docstring(node) or ''}"
                said[node.name] = f"{said.get(node.name, '')} {told}"
    return said


def test_every_attack_on_binding_and_families_is_tried() -> None:
    assert set(ROWS) == {*range(1, 17), *range(30, 35)}
    assert all(ROWS.values())


@pytest.mark.parametrize(("number", "name"), NAMED, ids=[f"A{number}-{name}" for number, name in NAMED])
def test_a_test_that_is_named_exists_and_names_its_attack(number: int, name: str) -> None:
    said = _said_of_tests()

    assert name in said
    assert re.search(rf"\bA{number}\b", said[name]) or name.startswith(f"test_a{number:02}_")
