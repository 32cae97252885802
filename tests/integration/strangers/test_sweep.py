"""Every RPC × everybody who has no business with a family × that family's ids (A34).

Requests are made from the descriptors, so a new RPC or a new field for an id is swept by itself; one that
answers strangers is red until `by_design` says why it may.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message
from sqlalchemy import text

from services.identity.people.rules import Role
from services.kit.database import Database
from services.kit.rpc.status import refusal
from tests.integration.strangers.by_design import (
    DUE_TO_NOBODY,
    GRANTED,
    NOT_CALLED,
    PAST_THE_GATE,
    Granted,
)
from tests.integration.strangers.household import session_of
from tests.integration.strangers.village import Caller, Village
from tests.integration.strangers.wishes import Rpc, every_rpc, mixtures, singular, wish
from tests.support.identity import DEADLINE

ALL = [rpc for rpc in every_rpc() if rpc.name not in NOT_CALLED]
NAMING = [rpc for rpc in ALL if rpc.ids and rpc.name not in DUE_TO_NOBODY]
_READS = ("Get", "List", "Find", "Search", "Export", "Verify", "Preview")
# Of what a rightful caller may do, that which takes away what others need comes last.
_LAST = ("End", "Withdraw", "Stop", "Take", "Revoke", "Refuse", "Remove")


def _order(rpc: Any) -> int:
    """What a call changes, the calls after it meet."""
    verb = rpc.name.partition("/")[2]
    if any(each.changes for each in GRANTED.get(rpc.name, [])) or verb.startswith(_LAST):
        return 2
    return 0 if verb.startswith(_READS) else 1


def _name(rpc: Rpc) -> str:
    return rpc.name


REFUSALS = {
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.FAILED_PRECONDITION,
}
# What the machinery writes beside a change, also of a refused one: who did what, and who guesses.
_NOT_LOOKED_AT = frozenset(
    {"audit", "audit_chain", "outbox", "inbox", "requests", "guesses", "alembic_version"}
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call came to."""

    code: grpc.StatusCode
    reason: str = ""
    leaks: bool = False
    """Whether the answer holds what only the foreign family has, and the caller did not say themselves."""


async def call(here: Village, rpc: Rpc, caller: Caller, request: Message) -> Outcome:
    """Call as somebody, in a session of this call alone: some RPCs end it."""
    metadata = (await session_of(here.identity, caller.who, caller.door))[0] if caller.who else ()
    stub: Any = here.channels[rpc.service].unary_unary(
        rpc.path,
        request_serializer=rpc.request.SerializeToString,
        response_deserializer=rpc.reply.FromString,
    )
    try:
        reply = await stub(request, timeout=DEADLINE, metadata=metadata)
    except grpc.aio.AioRpcError as error:
        return Outcome(error.code(), refusal(error).reason)
    asked, said = (MessageToJson(each, ensure_ascii=False) for each in (request, reply))
    words = here.foreign.words - caller.own.words
    return Outcome(grpc.StatusCode.OK, leaks=any(word in said and word not in asked for word in words))


async def rows_of(database: Database, words: frozenset[str]) -> set[str]:
    """Every row that names one of these, of every table, as text."""
    names = text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    async with database.read() as connection:
        tables = sorted(set((await connection.execute(names)).scalars()) - _NOT_LOOKED_AT)
        union = " UNION ALL ".join(f"SELECT '{name} ' || t::text AS said FROM {name} t" for name in tables)  # noqa: S608 - names of our own tables
        found = await connection.execute(
            text(f"SELECT said FROM ({union}) rows WHERE said ~ :words"),  # noqa: S608 - as above
            {"words": "|".join(sorted(words))},
        )
        return set(found.scalars())


def granted(rpc: Rpc, caller: Caller, foreign: frozenset[str]) -> Granted | None:
    """By what the call may be answered; None when it may not."""
    for each in GRANTED.get(rpc.name, []):
        if each.to in {None, caller.role} and each.naming in {None, foreign}:
            return each
    return None


def judge(rpc: Rpc, whose: Mapping[str, str], outcome: Outcome, by_design: Granted | None) -> str:
    """What is wrong with an outcome; empty when nothing is."""
    if outcome.code in REFUSALS:
        return ""
    if outcome.code is grpc.StatusCode.INVALID_ARGUMENT:
        # Where ids are named, a refusal of other words would hide whether anybody looks at the ids.
        return "" if not rpc.ids or "" in whose.values() else f"refused for its form: {outcome.reason}"
    if outcome.code is grpc.StatusCode.RESOURCE_EXHAUSTED and outcome.reason.startswith("TOO_MANY_"):
        return ""
    if outcome.code is not grpc.StatusCode.OK:
        return f"{outcome.code.name} {outcome.reason}"
    if by_design is None:
        return "answered"
    return "tells of the foreign family" if outcome.leaks and not by_design.shows else ""


async def findings(here: Village, rpc: Rpc) -> list[str]:
    """What is wrong with the answers to everybody, whatever they name."""
    found: list[str] = []
    for caller in here.strangers:
        for whose in mixtures(rpc.ids):
            if whose and not _names_foreign(here, caller, whose):
                continue
            foreign = frozenset(name for name, said in whose.items() if said == "foreign")
            request = wish(rpc, whose, own=caller.own, foreign=here.foreign)
            outcome = await call(here, rpc, caller, request)
            wrong = judge(rpc, whose, outcome, granted(rpc, caller, foreign))
            if wrong:
                found.append(f"{caller.name}, {json.dumps(whose)}: {wrong}")
    return found


@pytest.mark.parametrize("rpc", sorted(ALL, key=_order), ids=_name)
async def test_a34_nothing_foreign_is_given_to_strangers(here: Village, rpc: Rpc) -> None:
    """A34: every role, every mixture of own, foreign and missing ids: a typed refusal, or it is by design."""
    theirs = here.foreign.words - here.beside.words
    before = [await rows_of(database, theirs) for database in here.databases]

    assert await findings(here, rpc) == []

    if not any(each.changes for each in GRANTED.get(rpc.name, [])):
        assert [await rows_of(database, theirs) for database in here.databases] == before


def _names_foreign(here: Village, caller: Caller, whose: Mapping[str, str]) -> bool:
    """Whether anything that is not the caller's own is named: the family beside is of the same school."""
    foreign = {singular(name) for name, said in whose.items() if said == "foreign"}
    return any(caller.own.ids[name] != here.foreign.ids[name] for name in foreign)


async def test_the_sweep_sees_a_door_that_is_open(here: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: nobody asks whose school it is, and the sweep is red, for the answer and for what it tells."""
    [rpc] = [rpc for rpc in ALL if rpc.name == "CorrectionsService/ListSchoolCorrections"]

    async def everybody(*_: object) -> bool:
        return True

    monkeypatch.setattr("services.identity.corrections.usecases.require_registrar", everybody)
    assert await findings(here, rpc) == ['REGISTRAR, {"school_id": "foreign"}: answered']

    by_design = Granted("planted", to=Role.REGISTRAR)
    monkeypatch.setitem(GRANTED, rpc.name, [by_design])
    told = ['REGISTRAR, {"school_id": "foreign"}: tells of the foreign family']
    assert await findings(here, rpc) == told


@pytest.mark.parametrize("rpc", sorted(NAMING, key=_order), ids=_name)
async def test_what_strangers_are_refused_is_given_to_whom_it_belongs(here: Village, rpc: Rpc) -> None:
    """The very request that the sweep makes is a good one: the refusals were not for its form."""
    outcomes: dict[str, Outcome] = {}
    for caller in here.rightful:
        request = wish(rpc, dict.fromkeys(rpc.ids, "own"), own=caller.own, foreign=here.foreign)
        outcomes[caller.name] = await call(here, rpc, caller, request)

    reasons = {outcome.reason for outcome in outcomes.values()}
    assert PAST_THE_GATE.get(rpc.name, "") in reasons, outcomes


def test_what_is_by_design_is_said_of_rpcs_that_exist() -> None:
    """And the sweep covers the contracts: the lists are not empty by accident."""
    names = {rpc.name for rpc in every_rpc()}

    assert set(GRANTED) | set(NOT_CALLED) | set(PAST_THE_GATE) | set(DUE_TO_NOBODY) <= names
    assert len(ALL) > 80
    assert len(NAMING) > 25
