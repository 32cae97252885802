"""The whole way of a sign-in, client against stand-in, over real HTTP."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.local.esia.keys import Kind
from deploy.local.esia.people import Person
from services.identity.esia import (
    EsiaCodeRejected,
    EsiaContact,
    EsiaDeclined,
    EsiaKid,
    EsiaNotConfirmed,
    EsiaProfile,
    EsiaStateMismatch,
    Level,
)
from tests.support.esia import FATHER, MOTHER, PUPIL, TEENAGER, Bench, bench, returned


async def test_a_person_comes_through_as_esia_has_her(esia: Bench) -> None:
    profile = await esia.profile(MOTHER)

    assert profile == EsiaProfile(
        oid=1000000001,
        surname="Королёва",
        given_name="Алёна",
        patronymic="Сергеевна",
        birth_date=date(1986, 4, 12),
        gender="F",
        snils="00000060001",
        inn="770000000001",
        citizenship="RUS",
        trusted=True,
        level=Level.CONFIRMED,
        level_seen="PR",
        status="REGISTERED",
    )


async def test_what_esia_does_not_have_is_none(esia: Bench) -> None:
    profile = await esia.profile(FATHER)

    assert (profile.patronymic, profile.birth_date, profile.snils) == (None, None, None)


@pytest.mark.parametrize(
    ("person", "level"),
    [
        (MOTHER, Level.CONFIRMED),
        (TEENAGER, Level.STANDARD),
        (FATHER, Level.SIMPLIFIED),
        (PUPIL, Level.CHILD),
    ],
    ids=lambda value: value.login if isinstance(value, Person) else value,
)
async def test_levels_are_told_apart_as_far_as_esia_lets_one(
    esia: Bench, person: Person, level: Level
) -> None:
    assert (await esia.profile(person)).level is level


@pytest.mark.parametrize("kind", ["GOST", "RSA"])
@pytest.mark.parametrize("tokens", ["RS256", "GOST"])
async def test_the_tokens_algorithm_is_independent_of_the_systems_own_key(
    tmp_path: Path, kind: Kind, tokens: str
) -> None:
    async with bench(tmp_path, kind=kind, token_algorithm=tokens) as esia:
        assert (await esia.profile(MOTHER)).oid == MOTHER.oid


async def test_a_signed_in_person_sees_the_consent_page_at_once(esia: Bench) -> None:
    """R19: the second sign-in of the same browser asks for no password."""
    async with esia.browser() as browser:
        await browser.sign_in(await esia.esia.authorization_url(uuid4()), MOTHER)
        page = await browser.open(await esia.esia.authorization_url(uuid4()))

    assert "Предоставить" in page
    assert "СНИЛС" in page
    assert 'action="/login"' not in page


async def test_a_demo_person_is_chosen_with_one_click(esia: Bench) -> None:
    state = uuid4()
    async with esia.browser() as browser:
        page = await browser.open(await esia.esia.authorization_url(state))
        assert "Королёва Алёна Сергеевна" in page
        page = await browser.send(page, "/login", person=MOTHER.login)
    assert "Предоставить" in page


async def test_a_person_who_is_not_offered_needs_the_password(esia: Bench) -> None:
    async with esia.browser() as browser:
        page = await browser.open(await esia.esia.authorization_url(uuid4()))
        page = await browser.send(page, "/login", person=PUPIL.login)
    assert "Неверный логин или пароль" in page


async def test_pkce_is_sent_where_it_is_switched_on(tmp_path: Path) -> None:
    """A2: a code without this sign-in's verifier is worth nothing."""
    state = uuid4()
    async with bench(tmp_path, pkce=True, client={"pkce": True}) as esia:
        for verifier, right in (("w" * 43, False), ("v" * 43, True)):
            address = await esia.esia.authorization_url(state, code_verifier="v" * 43)
            async with esia.browser() as browser:
                code = esia.esia.code_of(await browser.sign_in(address, MOTHER), state=state)
            if right:
                tokens = await esia.esia.exchange(code, code_verifier=verifier)
                assert tokens.oid == MOTHER.oid
            else:
                with pytest.raises(EsiaCodeRejected) as refused:
                    await esia.esia.exchange(code, code_verifier=verifier)
                assert refused.value.code == "007040"


async def test_a_person_filter_is_esias_own_refusal(tmp_path: Path) -> None:
    state = uuid4()
    async with bench(tmp_path, client={"person_filter": "conf_acc"}) as esia, esia.browser() as browser:
        answer = await browser.sign_in(await esia.esia.authorization_url(state), FATHER)
        with pytest.raises(EsiaNotConfirmed):
            esia.esia.code_of(answer, state=state)


async def test_consent_may_be_asked_once_only(tmp_path: Path) -> None:
    async with bench(tmp_path, remember_consent=True) as esia, esia.browser() as browser:
        await browser.sign_in(await esia.esia.authorization_url(uuid4()), MOTHER)
        left = await browser.open(await esia.esia.authorization_url(uuid4()))
    assert "code" in returned(left)


async def test_another_person_can_be_chosen_for_the_same_request(esia: Bench) -> None:
    state = uuid4()
    async with esia.browser() as browser:
        page = await browser.open(await esia.esia.authorization_url(state))
        page = await browser.send(page, "/login", person=MOTHER.login)
        page = await browser.send(page, "/switch")
        page = await browser.send(page, "/login", person=FATHER.login)
        answer = returned(await browser.send(page, "/consent", decision="provide"))
    tokens = await esia.esia.exchange(esia.esia.code_of(answer, state=state))
    assert tokens.oid == FATHER.oid


async def test_a_consent_page_answers_once(esia: Bench) -> None:
    """The browser's back button, or a double click, gets no second code."""
    async with esia.browser() as browser:
        page = await browser.open(await esia.esia.authorization_url(uuid4()))
        page = await browser.send(page, "/login", person=MOTHER.login)
        await browser.send(page, "/consent", decision="provide")
        assert "Время вышло" in await browser.send(page, "/consent", decision="provide")


async def test_refusing_consent_comes_back_as_declined(esia: Bench) -> None:
    """R20: a refusal is an answer of its own."""
    state = uuid4()
    async with esia.browser() as browser:
        answer = await browser.sign_in(await esia.esia.authorization_url(state), MOTHER, decision="refuse")

    assert answer["error"] == "access_denied"
    with pytest.raises(EsiaDeclined) as declined:
        esia.esia.code_of(answer, state=state)
    assert declined.value.code == "007004"


async def test_a_code_works_once(esia: Bench) -> None:
    code = await esia.code(MOTHER)
    await esia.esia.exchange(code)

    with pytest.raises(EsiaCodeRejected) as rejected:
        await esia.esia.exchange(code)
    assert rejected.value.code == "007011"


async def test_a_code_dies_after_240_seconds(tmp_path: Path) -> None:
    async with bench(tmp_path, client={"leeway": 60}, clock_skew=1000) as esia:
        code = await esia.code(MOTHER)
        esia.stand.switches.clock_ahead = 241
        with pytest.raises(EsiaCodeRejected):
            await esia.esia.exchange(code)


async def test_another_state_is_refused_before_anything_else(esia: Bench) -> None:
    """A1: a callback from another tab or from an attacker."""
    with pytest.raises(EsiaStateMismatch):
        esia.esia.code_of({"code": "x", "state": str(uuid4())}, state=uuid4())
    with pytest.raises(EsiaStateMismatch):
        esia.esia.code_of({"error": "access_denied"}, state=uuid4())


async def test_contacts_and_kids_come_with_their_scopes(esia: Bench) -> None:
    tokens = await esia.esia.exchange(await esia.code(MOTHER))

    assert await esia.esia.contacts(tokens) == (
        EsiaContact("MBT", "+7(900)0000001", verified=True),
        EsiaContact("EML", "mother@example.org", verified=False),
    )
    assert await esia.esia.kids(tokens) == (
        EsiaKid("7", "Королёв", "Пётр", None, date(2014, 9, 1), None, "00000060011"),
    )


async def test_logout_ends_the_single_sign_on_and_comes_back(esia: Bench) -> None:
    async with esia.browser() as browser:
        await browser.sign_in(await esia.esia.authorization_url(uuid4()), MOTHER)
        left = await browser.open(esia.esia.logout_url("http://diary.test/"))
        page = await browser.open(await esia.esia.authorization_url(uuid4()))

    assert left == "http://diary.test/"
    assert 'action="/login"' in page


async def test_logout_leads_nowhere_else(esia: Bench) -> None:
    """A18: no open redirect."""
    async with esia.browser() as browser:
        page = await browser.open(esia.esia.logout_url("http://elsewhere.test/"))
    assert "Вы вышли" in page
