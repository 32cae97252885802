"""`ATTACKS.md` says the truth: what it names exists, and tries what it is said to try."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
_NODE = re.compile(r"`([\w/]+\.py)::(test_\w+)`")


def _rows() -> dict[int, list[tuple[str, str]]]:
    """The tests of each attack, by its number."""
    table = (TESTS / "ATTACKS.md").read_text("utf-8")
    rows = re.findall(r"^\| A(\d+) \|.*$", table, re.MULTILINE)
    lines = [line for line in table.splitlines() if re.match(r"\| A\d+ \|", line)]
    return {int(number): _NODE.findall(line) for number, line in zip(rows, lines, strict=True)}


ROWS = _rows()
NODES = [(number, *node) for number, nodes in ROWS.items() for node in nodes]


def _tests_of(file: str) -> Mapping[str, str]:
    """What the docstring of each test of a file says, and its module's for all."""
    module = ast.parse((TESTS / file).read_text("utf-8"))
    about = ast.get_docstring(module) or ""
    return {
        node.name: f"{about} {ast.get_docstring(node) or ''}"
        for node in module.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_every_attack_on_binding_and_families_is_tried() -> None:
    assert set(ROWS) == {*range(1, 17), *range(30, 35)}
    assert all(ROWS.values())


@pytest.mark.parametrize(("number", "file", "name"), NODES, ids=[f"A{node[0]}-{node[2]}" for node in NODES])
def test_a_test_that_is_named_exists_and_names_its_attack(number: int, file: str, name: str) -> None:
    said = _tests_of(file)

    assert name in said, f"{file} has no {name}"
    assert re.search(rf"\bA{number}\b", said[name]) or name.startswith(f"test_a{number:02}_")
