"""``python -m services.diary`` serves; with ``migrate`` it brings the database up to date and ends.

``tell-again schools`` publishes the facts of all schools and classes once more.
"""

from __future__ import annotations

from services.diary.app import MIGRATIONS, run
from services.diary.config import DiarySettings
from services.diary.schools.command import TELL_AGAIN, tell_again
from services.kit.process import main

if __name__ == "__main__":
    main("diary", DiarySettings, run, MIGRATIONS, {TELL_AGAIN: tell_again})
