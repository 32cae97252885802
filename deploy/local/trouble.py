"""What goes wrong on somebody's machine, said together with the way out."""

from __future__ import annotations


class Trouble(Exception):
    """Something the person at the keyboard can mend.

    ``what`` is one plain sentence; ``remedy`` says what to do, ``log`` is the tail of a log that shows why.
    """

    def __init__(self, what: str, *, remedy: str, log: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy
        self.log = log

    def __str__(self) -> str:
        text = f"{self.what}\n  → {self.remedy}"
        if self.log:
            text += "\n" + "\n".join(f"  │ {line}" for line in self.log.splitlines())
        return text
