"""How figures are shown: one table per run, each row a figure with what it is measured against."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Row:
    """One figure."""

    what: str
    figure: str
    wanted: str = ""
    """The bar, where there is one."""
    beside: str = ""
    """What else a reader needs to judge it."""


@dataclass(slots=True)
class Table:
    """The figures of one run."""

    rows: list[Row] = field(default_factory=list)

    def add(self, what: str, figure: str, *, wanted: str = "", beside: str = "") -> None:
        """Add a row and show it at once: a run takes minutes."""
        self.rows.append(Row(what, figure, wanted, beside))
        sys.stderr.write(f"  {what}: {figure}\n")

    def markdown(self) -> str:
        """The table, ready for a page."""
        lines = ["| what | figure | wanted | beside |", "|---|---|---|---|"]
        lines += [f"| {row.what} | {row.figure} | {row.wanted} | {row.beside} |" for row in self.rows]
        return "\n".join(lines)
