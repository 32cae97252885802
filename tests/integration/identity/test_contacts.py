"""Contacts of an account that is active: A17, A25, A26."""

from __future__ import annotations

import asyncio

import grpc

from school.identity.v1 import contacts_pb2, passwords_pb2, passwords_pb2_grpc
from school.identity.v1.events_pb2 import MessageSealed
from services.identity.contacts.storage import contacts
from services.kit.client import LANGUAGE_KEY
from services.kit.rpc.status import refusal
from services.kit.tables import audit, outbox
from tests.support.clock import MovableClock
from tests.support.identity import DEADLINE, Town, bearer, reason, refused
from tests.support.newcomer import PERMANENT, Kind, Newcomer, Step, a_mobile, an_email, follow, newcomer

EMAIL = contacts_pb2.CONTACT_KIND_EMAIL
MOBILE = contacts_pb2.CONTACT_KIND_MOBILE


async def active(here: Town) -> Newcomer:
    """Somebody with an account of their own, who has just entered."""
    return await (await newcomer(here)).up_to(Step.ACTIVATION_STEP_DONE)


async def mine(person: Newcomer) -> dict[int, contacts_pb2.Contact]:
    request = contacts_pb2.ListMyContactsRequest()
    reply = await person.contacts.ListMyContacts(request, timeout=DEADLINE, metadata=person.signed)
    return {contact.kind: contact for contact in reply.contacts}


async def change(
    person: Newcomer, kind: contacts_pb2.ContactKind.ValueType, value: str
) -> contacts_pb2.Contact:
    request = contacts_pb2.ChangeContactRequest(kind=kind, value=value)
    reply = await person.contacts.ChangeContact(request, timeout=DEADLINE, metadata=person.signed)
    return reply.contact


async def cancel(person: Newcomer, kind: contacts_pb2.ContactKind.ValueType) -> contacts_pb2.Contact:
    request = contacts_pb2.CancelContactChangeRequest(kind=kind)
    reply = await person.contacts.CancelContactChange(request, timeout=DEADLINE, metadata=person.signed)
    return reply.contact


async def confirm_mobile(person: Newcomer, code: str) -> contacts_pb2.Contact:
    request = contacts_pb2.ConfirmMobileRequest(code=code)
    reply = await person.contacts.ConfirmMobile(request, timeout=DEADLINE, metadata=person.signed)
    return reply.contact


async def test_both_contacts_are_listed(here: Town) -> None:
    person = await active(here)

    known = await mine(person)

    assert {kind: contact.value for kind, contact in known.items()} == {
        EMAIL: person.email,
        MOBILE: person.mobile,
    }
    assert all(contact.HasField("confirmed_at") for contact in known.values())
    assert not any(contact.pending_value for contact in known.values())


async def test_who_has_given_none_has_two_empty_ones(here: Town) -> None:
    login = f"early-{here.snils()}"
    registered = await here.register(login=login, password="a long enough one")
    session = (await here.doors.enter_with_password(login, "a long enough one")).session

    known = await mine(Newcomer(here, registered, login, session))

    assert [(contact.kind, contact.value) for contact in known.values()] == [(EMAIL, ""), (MOBILE, "")]


async def test_a_new_address_takes_the_place_of_the_old_one_when_its_link_is_followed(here: Town) -> None:
    """A26: the old one is told, and stays in force until then."""
    person, fresh = await active(here), an_email()

    contact = await change(person, EMAIL, fresh)

    assert (contact.value, contact.pending_value) == (person.email, fresh)
    (told,) = await person.letters(Kind.MESSAGE_KIND_CONTACT_CHANGING)
    assert (told.to, told.values) == (person.email, {"what": "email"})
    letter = (await person.letters(Kind.MESSAGE_KIND_CONFIRM_EMAIL))[-1]
    assert letter.to == fresh
    assert await person.follow(letter.values["link"]) is False
    known = (await mine(person))[EMAIL]
    assert (known.value, known.pending_value) == (fresh, "")


async def test_a_link_goes_out_in_the_language_of_who_asks_and_the_warning_does_not(here: Town) -> None:
    """A26: whoever has stolen a session does not choose a language that its owner cannot read."""
    person = await active(here)
    request = contacts_pb2.ChangeContactRequest(kind=EMAIL, value=an_email())
    await person.contacts.ChangeContact(
        request, timeout=DEADLINE, metadata=(*person.signed, (LANGUAGE_KEY, "en"))
    )

    rows = await here.rows(outbox, outbox.c.type == MessageSealed.DESCRIPTOR.full_name)
    told = [MessageSealed.FromString(row.payload) for row in sorted(rows, key=lambda row: row.id)]
    mine = [each for each in told if each.person_id == str(person.registered.person_id)][-2:]

    assert [(each.kind, each.language) for each in mine] == [
        (Kind.MESSAGE_KIND_CONFIRM_EMAIL, "en"),
        (Kind.MESSAGE_KIND_CONTACT_CHANGING, "ru"),
    ]


async def test_a_new_mobile_takes_the_place_of_the_old_one_when_its_code_is_given_back(here: Town) -> None:
    person, fresh = await active(here), a_mobile()
    await change(person, MOBILE, fresh)
    (told,) = await person.letters(Kind.MESSAGE_KIND_CONTACT_CHANGING)
    assert (told.to, told.values) == (person.mobile, {"what": "mobile"})

    contact = await confirm_mobile(person, await person.last_code())

    assert (contact.value, contact.pending_value) == (fresh, "")
    assert await reason(confirm_mobile(person, await person.last_code())) == "CODE_EXPIRED"
    audited = await here.audited(person.registered.person_id)
    assert audited[-2:] == [("change_contact", "MOBILE"), ("confirm_contact", "MOBILE")]


async def test_who_has_not_shown_lately_who_they_are_changes_nothing(here: Town, clock: MovableClock) -> None:
    """A26."""
    person = await active(here)
    clock.move(minutes=5, seconds=1)
    person.session = await here.doors.refresh(person.session.refresh_token)

    assert await reason(change(person, EMAIL, an_email())) == "STEP_UP_NEEDED"
    assert (await mine(person))[EMAIL].pending_value == ""


async def test_a_wrong_code_counts_and_leaves_the_old_mobile(here: Town) -> None:
    person = await active(here)
    await change(person, MOBILE, a_mobile())
    wrong = f"{(int(await person.last_code()) + 1) % 1_000_000:06d}"

    answers = [await refused(confirm_mobile(person, wrong)) for _ in range(6)]

    assert [answer.metadata.get("attempts_left") for answer in answers] == ["4", "3", "2", "1", "0", None]
    assert answers[-1].reason == "CODE_EXPIRED"
    assert await reason(confirm_mobile(person, await person.last_code())) == "CODE_EXPIRED"
    assert (await mine(person))[MOBILE].value == person.mobile


async def test_the_code_of_an_activation_confirms_no_later_mobile(here: Town) -> None:
    """A25: a code is tied to the number and to the time it was given."""
    person = await active(here)
    old = await person.last_code()
    await change(person, MOBILE, a_mobile())
    if old != await person.last_code():
        assert await reason(confirm_mobile(person, old)) == "WRONG_CODE"


async def test_a_second_change_makes_the_first_link_worthless(here: Town) -> None:
    """A25: two links went out, one confirms."""
    person, fresh = await active(here), an_email()
    await change(person, EMAIL, an_email())
    first = await person.last_link()

    await change(person, EMAIL, fresh)

    assert await reason(person.follow(first)) == "LINK_UNKNOWN"
    await person.follow(await person.last_link())
    assert (await mine(person))[EMAIL].value == fresh


async def test_the_same_value_is_sent_again_after_a_minute(here: Town, clock: MovableClock) -> None:
    person, fresh = await active(here), a_mobile()
    await change(person, MOBILE, fresh)
    answer = await refused(change(person, MOBILE, fresh))
    assert (answer.reason, answer.metadata) == ("TOO_SOON", {"retry_after_s": "60"})
    clock.move(seconds=60)

    await change(person, MOBILE, fresh)

    assert len(await person.letters(Kind.MESSAGE_KIND_CONTACT_CHANGING)) == 1
    sent = [each for each in await person.letters(Kind.MESSAGE_KIND_CONFIRM_MOBILE) if each.to == fresh]
    assert [each.withdrawn for each in sent] == [True, False]


async def test_a_change_can_be_taken_back(here: Town) -> None:
    person = await active(here)
    await change(person, EMAIL, an_email())
    link = await person.last_link()

    contact = await cancel(person, EMAIL)

    assert (contact.value, contact.pending_value) == (person.email, "")
    assert await cancel(person, EMAIL) == contact
    assert await reason(person.follow(link)) == "LINK_UNKNOWN"
    assert (await person.letters(Kind.MESSAGE_KIND_CONFIRM_EMAIL))[-1].withdrawn


async def test_the_value_in_force_takes_a_change_back(here: Town) -> None:
    person = await active(here)
    await change(person, EMAIL, an_email())

    contact = await change(person, EMAIL, person.email.upper())

    assert (contact.value, contact.pending_value) == (person.email, "")


async def test_a_change_dies_with_the_password_of_whoever_began_it(here: Town) -> None:
    """A26: who takes the account back by another password finds no address of a stranger in it."""
    person = await active(here)
    await change(person, EMAIL, an_email())
    link = await person.last_link()
    request = passwords_pb2.ChangePasswordRequest(new_password="Другой-берег-реки-73")

    passwords = passwords_pb2_grpc.PasswordsServiceStub(here.doors.channel)
    await passwords.ChangePassword(request, timeout=DEADLINE, metadata=person.signed)

    assert await reason(person.follow(link)) == "LINK_UNKNOWN"
    assert (await mine(person))[EMAIL].pending_value == ""


async def test_what_cannot_be_a_contact_is_refused(here: Town) -> None:
    person = await active(here)

    assert await reason(change(person, EMAIL, "nobody")) == "BAD_EMAIL"
    assert await reason(change(person, MOBILE, "+74951234567")) == "BAD_MOBILE"
    unsaid = await refused(change(person, contacts_pb2.CONTACT_KIND_UNSPECIFIED, an_email()))
    assert (unsaid.reason, unsaid.metadata) == ("BAD_FIELD", {"field": "kind"})


async def test_a_number_that_five_accounts_use_is_taken(here: Town) -> None:
    shared = a_mobile()
    family = [await active(here) for _ in range(6)]
    for each in family[:5]:
        await change(each, MOBILE, shared)
        await confirm_mobile(each, await each.last_code())

    assert await reason(change(family[5], MOBILE, shared)) == "CONTACT_TAKEN"
    assert (await mine(family[5]))[MOBILE].pending_value == ""


async def test_a_number_is_free_again_when_nobody_confirms_it(here: Town, clock: MovableClock) -> None:
    """Else it could be taken from its owner by asking for codes."""
    shared = a_mobile()
    family = [await active(here) for _ in range(6)]
    for each in family[:5]:
        await change(each, MOBILE, shared)
    assert await reason(change(family[5], MOBILE, shared)) == "CONTACT_TAKEN"
    clock.move(minutes=10)
    family[5].session = await family[5].enter(PERMANENT)

    assert (await change(family[5], MOBILE, shared)).pending_value == shared


async def test_what_nobody_confirmed_is_forgotten(here: Town, clock: MovableClock) -> None:
    person = await active(here)
    await change(person, EMAIL, an_email())
    clock.move(days=1, seconds=1)

    await here.sweep()

    rows = await here.rows(contacts, contacts.c.account_id == person.registered.account_id)
    assert [row.pending_box for row in rows] == [None, None]
    assert all(row.box is not None for row in rows)


async def test_twenty_changes_at_once_send_one_code(here: Town) -> None:
    person, fresh = await active(here), a_mobile()

    outcomes = await asyncio.gather(
        *(change(person, MOBILE, fresh) for _ in range(20)), return_exceptions=True
    )

    done = [outcome for outcome in outcomes if isinstance(outcome, contacts_pb2.Contact)]
    assert len(done) == 1
    late = [refusal(outcome) for outcome in outcomes if isinstance(outcome, grpc.aio.AioRpcError)]
    assert [answer.reason for answer in late] == ["TOO_SOON"] * 19
    sent = [each for each in await person.letters(Kind.MESSAGE_KIND_CONFIRM_MOBILE) if each.to == fresh]
    assert len(sent) == 1


async def test_twenty_confirmations_at_once_confirm_once(here: Town) -> None:
    person = await active(here)
    await change(person, MOBILE, a_mobile())
    code = await person.last_code()

    outcomes = await asyncio.gather(
        *(confirm_mobile(person, code) for _ in range(20)), return_exceptions=True
    )

    assert len([each for each in outcomes if isinstance(each, contacts_pb2.Contact)]) == 1
    audited = await here.audited(person.registered.person_id)
    assert audited.count(("confirm_contact", "MOBILE")) == 1


async def test_a_link_is_followed_from_whatever_browser(here: Town) -> None:
    """Also one in which somebody else is signed in: the link says whose address it is."""
    person, other = await active(here), await active(here)
    await change(person, EMAIL, an_email())
    token = (await person.last_link()).rpartition("/")[2]

    request = contacts_pb2.ConfirmEmailRequest(token=token)
    await other.contacts.ConfirmEmail(request, timeout=DEADLINE, metadata=bearer(other.session))

    assert (await mine(person))[EMAIL].pending_value == ""
    assert (await mine(other))[EMAIL].value == other.email


async def test_nonsense_is_no_link(here: Town) -> None:
    for token in ("", "x", "ё" * 22, "A" * 22, "A" * 4000, "\x00"):
        assert await reason(follow(here, f"/{token}")) == "LINK_UNKNOWN"


async def test_the_database_shows_no_contact_code_or_link(here: Town) -> None:
    """A33: values sealed, secrets as digests; events and audit carry neither."""
    person = await active(here)
    fresh_email, fresh_mobile = an_email(), a_mobile()
    await change(person, EMAIL, fresh_email)
    await change(person, MOBILE, fresh_mobile)
    code, token = await person.last_code(), (await person.last_link()).rpartition("/")[2]
    secrets = [person.email, person.mobile, fresh_email, fresh_mobile, token, f"code {code}"]

    stored = [
        *await here.rows(contacts, contacts.c.account_id == person.registered.account_id),
        *await here.rows(outbox),
        *await here.rows(audit),
    ]

    seen = b"\n".join(
        value if isinstance(value, bytes) else str(value).encode() for row in stored for value in row
    )
    for secret in secrets:
        assert secret.encode() not in seen
