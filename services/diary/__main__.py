"""``python -m services.diary`` serves; with ``migrate`` it brings the database up to date and ends."""

from __future__ import annotations

from services.diary.app import MIGRATIONS, run
from services.diary.config import DiarySettings
from services.kit.process import main

if __name__ == "__main__":
    main("diary", DiarySettings, run, MIGRATIONS)
