"""A remark about a pupil on a lesson."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

# What fits on a line of the diary and a half; longer matters are talked about.
MOST_TEXT: Final = 500


@dataclass(frozen=True, slots=True)
class Remark:
    """What a teacher remarked, for the family to read."""

    remark_id: UUID
    lesson_id: UUID
    pupil_id: UUID
    text: str
