"""``python -m services.diary`` serves; with ``migrate`` it brings the database up to date and ends.

``tell-again schools`` publishes the facts of all schools once more. ``add-school "<zone> <title>"``
and ``set-connection "<school> <state> [<day>]"`` say which there are, and which work with the mesh.
``dead-letters`` shows events that could not be applied.
"""

from __future__ import annotations

from services.diary.app import MIGRATIONS, effects_of, run
from services.diary.config import DiarySettings
from services.diary.schools.command import TELL_AGAIN, tell_again
from services.diary.schools.connecting import ADD_SCHOOL, SET_CONNECTION, add_school, set_connection
from services.kit.process import main

if __name__ == "__main__":
    commands = {TELL_AGAIN: tell_again, ADD_SCHOOL: add_school, SET_CONNECTION: set_connection}
    main("diary", DiarySettings, run, MIGRATIONS, commands, effects=effects_of)
