"""What the person at the keyboard sees: one line per thing that got ready, then where everything is."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TextIO

from deploy.local.trouble import Trouble

_NAME = 16  # characters of the column of names


class Console:
    """Lines on ``out``; colour when it is a terminal."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self._out = out
        self._colour = out.isatty()
        self._began = time.monotonic()

    @classmethod
    def silent(cls) -> Console:
        """One that nobody sees."""
        return cls(io.StringIO())

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    def line(self, text: str = "") -> None:
        """One line as it is."""
        with suppress(OSError):  # the terminal may be gone; what is under way must still end well
            self._out.write(text + "\n")
            self._out.flush()

    def done(self, name: str, seconds: float, note: str = "") -> None:
        """A thing is ready, and how long it took."""
        self.line(f"  {self._paint('✓', '32')} {name:<{_NAME}}{seconds * 1000:>7.0f} ms   {note}".rstrip())

    def failed(self, name: str, seconds: float, note: str) -> None:
        """A thing went wrong."""
        self.line(f"  {self._paint('✗', '31')} {name:<{_NAME}}{seconds * 1000:>7.0f} ms   {note}")

    def notice(self, text: str) -> None:
        """Something happened by itself."""
        self.line(f"  {self._paint('!', '33')} {text}")

    def trouble(self, trouble: Trouble) -> None:
        """What went wrong and the way out, on its own."""
        self.line(f"\n{self._paint('✗', '31')} {trouble}")

    @contextmanager
    def timed(self, name: str, note: str = "") -> Iterator[None]:
        """Say that ``name`` is ready once the block has ended well."""
        began = time.monotonic()
        yield
        self.done(name, time.monotonic() - began, note)

    def panel(self, rows: Sequence[tuple[str, str]], *, title: str, foot: str) -> None:
        """Where everything is."""
        widest = max(len(name) for name, _ in rows)
        self.line()
        self.line(f"  {self._paint(title, '1')}")
        for name, value in rows:
            self.line(f"    {name:<{widest}}  {value}")
        self.line(f"  {foot}")
        self.line()

    def _paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text
