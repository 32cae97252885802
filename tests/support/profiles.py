"""ESIA profiles as the use cases get them, without the way of a browser to ESIA and back."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta

from services.identity.binding.rules.assurance import Level
from services.identity.binding.rules.matching import Profile
from services.identity.binding.usecases.entering import Outcome
from services.identity.links import storage as links
from services.identity.links.rules import TIME_TO_FINISH, Provider
from services.identity.links.storage import Link
from services.identity.people.rules import FullName, Snils
from services.kit.ids import new_id
from tests.support.identity import BORN, Town
from tests.support.keys import REGION


def a_profile(
    subject: str,
    *,
    name: FullName = FullName("Королёва", "Алёна", "Сергеевна"),  # noqa: B008 - a value object
    snils: str | None,
    birth_date: date | None = BORN,
    level: Level = Level.CONFIRMED,
) -> Profile:
    """A profile as ESIA would tell it."""
    return Profile(subject, name, birth_date, Snils(snils) if snils else None, level)


async def returned(here: Town, *, begun_s: float = -1.0) -> tuple[Link, str]:
    """A sign-in whose browser is back from ESIA, its state used up; and the key of that browser.

    Args:
        here: where it was begun.
        begun_s: when, in seconds from now; not before what ended by then binds again.
    """
    key, state, now = str(new_id()), new_id().bytes, here.clock.now()
    browser = hashlib.sha256(key.encode()).digest()
    provider = Provider(REGION, here.bench.settings.issuer)
    begun = Link(new_id(), now + TIME_TO_FINISH, now + timedelta(seconds=begun_s), provider)
    async with here.database.read() as connection:
        await links.insert_link(connection, begun, state_digest=state, browser_digest=browser)
        link = await links.take_state(connection, state_digest=state, browser_digest=browser, now=now)
    assert link is not None
    return link, key


async def come(here: Town, profile: Profile, link: Link | None = None) -> Outcome:
    """What becomes of a profile that has just come from ESIA."""
    assert here.inside is not None
    link = link or (await returned(here))[0]
    async with here.inside.database.transaction() as tx:
        return await here.inside.use_cases.entry.bindings.enter(tx, link, profile)
