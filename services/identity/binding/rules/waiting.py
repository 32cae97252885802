"""A profile that awaits a password, as the text that is sealed until then."""

from __future__ import annotations

import json
from datetime import date

from services.identity.binding.rules.assurance import Level
from services.identity.binding.rules.matching import Profile
from services.identity.people.rules import FullName


def to_json(profile: Profile) -> str:
    """A profile as it is sealed."""
    return json.dumps(
        {
            "subject": profile.subject,
            "name": [profile.name.surname, profile.name.given_name, profile.name.patronymic],
            "birth_date": profile.birth_date.isoformat() if profile.birth_date else None,
            "level": profile.level,
        }
    )


def from_json(text: str) -> Profile:
    """A profile that awaited a password; it has no SNILS, or it would not have waited."""
    said = json.loads(text)
    birth_date = date.fromisoformat(said["birth_date"]) if said["birth_date"] else None
    # A replica that ran before levels were judged has written none; the lowest is sure not to be too high.
    level = Level(said.get("level", Level.SIMPLIFIED))
    return Profile(said["subject"], FullName(*said["name"]), birth_date, snils=None, level=level)
