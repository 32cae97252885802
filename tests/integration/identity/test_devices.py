"""Somebody enters from a place never entered from; and a stranger's guesses do not shut the owner out."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import update

from services.identity.devices.storage import known_devices
from services.identity.people.rules import Snils
from services.identity.people.storage import hide_snils, people
from services.kit.client import set_call
from tests.support.clock import MovableClock
from tests.support.holder import Call, Device, Holder, Message, holder
from tests.support.identity import Town, reason

HOME = Device("192.0.2.10")


@pytest.fixture
async def anna(here: Town) -> Holder:
    return await holder(here)


async def told(person: Holder) -> list[tuple[str, str]]:
    """The new devices of which the person's e-mail was told, with the place of the instant."""
    letters = await person.letters(Message.MESSAGE_KIND_NEW_DEVICE)
    return [(each.values["device"], each.values["at"]) for each in letters if each.to == person.email]


async def test_the_very_first_entry_is_no_news(anna: Holder) -> None:
    await anna.enter(device=HOME)

    assert await told(anna) == []


async def test_an_entry_from_another_device_or_network_is_told_once(
    anna: Holder, clock: MovableClock
) -> None:
    await anna.enter(device=HOME)
    phone, library = Device("192.0.2.10", "Safari, iOS"), Device("198.51.100.7")
    for device in (phone, library, phone, library, HOME):
        await anna.enter(device=device)

    at = f"{clock.now():%Y-%m-%dT%H:%M:%SZ}"
    assert await told(anna) == [("Safari, iOS", at), ("Chrome, Android", at)]
    letters = await anna.letters(Message.MESSAGE_KIND_NEW_DEVICE)
    assert {letter.to for letter in letters} == {anna.email, anna.mobile}


async def test_another_address_of_the_same_network_is_the_same_place(anna: Holder) -> None:
    await anna.enter(device=HOME)
    await anna.enter(device=Device("192.0.2.99"))

    assert await told(anna) == []


async def test_of_twenty_entries_at_once_from_one_new_place_one_is_told(here: Town, anna: Holder) -> None:
    await anna.enter(device=HOME)
    assert here.inside is not None
    devices = here.inside.use_cases.proof.devices

    async def enter() -> None:
        set_call(Call(Device("203.0.113.5")))
        async with here.database.transaction() as tx:
            await devices.entered(tx, anna.registered.person_id)

    await asyncio.gather(*(enter() for _ in range(20)))

    assert len(await told(anna)) == 1


async def test_a_wrong_password_makes_no_place_known(here: Town, anna: Holder) -> None:
    assert await reason(anna.enter("a wrong one", device=HOME)) == "WRONG_CREDENTIALS"

    assert await here.rows(known_devices, known_devices.c.person_id == anna.registered.person_id) == []


async def test_a_place_from_which_nobody_came_for_a_year_is_new_again(
    here: Town, anna: Holder, clock: MovableClock
) -> None:
    await anna.enter(device=HOME)
    clock.move(days=200)
    await anna.enter(device=Device("198.51.100.7"))
    clock.move(days=200)
    await here.sweep()

    await anna.enter(device=HOME)

    assert len(await told(anna)) == 2


async def test_places_are_kept_as_digests_that_differ_from_person_to_person(here: Town, anna: Holder) -> None:
    """A33: nothing shows who lives with whom."""
    boris = await holder(here)
    await anna.enter(device=HOME)
    await boris.enter(device=HOME)

    people = [person.registered.person_id for person in (anna, boris)]
    one, other = await here.rows(known_devices, known_devices.c.person_id.in_(people))

    assert one.network_digest != other.network_digest
    assert one.device_digest != other.device_digest
    assert b"192.0.2" not in one.device_digest + one.network_digest


async def test_a_strangers_guesses_do_not_shut_the_owner_out_at_home(anna: Holder) -> None:
    """A21: lockout as a weapon."""
    await anna.enter(device=HOME)
    stranger = Device("203.0.113.66")
    for _ in range(7):
        await reason(anna.enter("a wrong one", device=stranger))
    assert await reason(anna.enter(device=stranger)) == "TOO_MANY_ATTEMPTS"

    assert (await anna.enter(device=HOME)).access_token


async def test_guesses_from_home_wait_as_well(anna: Holder) -> None:
    """A21: a class-mate sits in the same network."""
    await anna.enter(device=HOME)
    for _ in range(5):
        assert await reason(anna.enter("a wrong one", device=HOME)) == "WRONG_CREDENTIALS"

    assert await reason(anna.enter("a wrong one", device=HOME)) == "TOO_MANY_ATTEMPTS"


async def test_an_entry_through_esia_from_a_new_place_is_told_too(here: Town) -> None:
    snils = here.snils()
    person = await holder(here, contacts=True)
    await person.enter(device=HOME)
    async with here.database.transaction() as tx:
        hidden = hide_snils(here.keyring, person.registered.person_id, Snils(snils))
        await tx.execute(update(people).where(people.c.id == person.registered.person_id).values(**hidden))
    redirect = await here.doors.back_from_esia(here.citizen(snils=snils))

    await here.doors.sign_in.CompleteEsiaSignIn(
        redirect, timeout=20, metadata=Device("203.0.113.9", "Firefox, Windows").metadata
    )

    assert [device for device, _ in await told(person)] == ["Firefox, Windows"]
