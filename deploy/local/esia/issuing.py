"""Codes and tokens with the claims that ESIA's have."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import uuid4

from deploy.local.esia.people import Person
from deploy.local.esia.stand import Access, Agreement, Session, Stand, shelf_key
from deploy.local.esia.systems import System

# Confirmed accounts show PR, a child's KD; simplified and standard look the same.
_LEVELS: Final = {"confirmed": "PR", "child": "KD", "standard": "P", "simplified": "P"}


def new_sid() -> str:
    """A session's identifier in the form that tokens show: 64 hexadecimal digits."""
    return secrets.token_hex(32)


async def issue_code(
    stand: Stand, system: System, agreement: Agreement, *, address: str, user_agent: str
) -> str:
    """A code for ``agreement``: a JWS of about a kilobyte that works once, within its 240 seconds."""
    now = int(stand.now().timestamp())
    session = agreement.session
    claims = {
        "nbf": now,
        "iat": now,
        "exp": now + int(stand.registry.stand.code_lives),
        "iss": stand.registry.stand.issuer,
        "client_id": system.mnemonic,
        "scope": rewritten(agreement.scopes, session.oid),
        "redirect_uri": agreement.redirect_uri,
        "auth_time": int(session.since.timestamp()),
        "auth_mthd": "PWD",
        "urn:esia:code_id": str(uuid4()),
        "urn:esia:sid": session.sid,
        "urn:esia:sbj": {"urn:esia:sbj:typ": "P", "urn:esia:sbj:oid": session.oid},
        "urn:esia:client": {"urn:esia:client:ip": address, "urn:esia:client:ua": user_agent[:200]},
    }
    code = await stand.seal.signed("authorization_code", claims, system.token_algorithm)
    stand.codes.put(shelf_key(code), agreement)
    return code


async def issue_tokens(stand: Stand, system: System, agreement: Agreement) -> dict[str, object]:
    """What the token endpoint answers for a person, without the state."""
    person = stand.person(agreement.session.oid)
    if person is None:
        raise LookupError("the person is blocked or gone")
    answer = await issue_access(stand, system, agreement.scopes, agreement.session)
    if "openid" in agreement.scopes:
        claims = _id_claims(stand, system, person, agreement.session)
        answer["id_token"] = await stand.seal.signed("id", claims, system.token_algorithm)
    if agreement.offline:
        refresh = str(uuid4())
        stand.refreshes.put(shelf_key(refresh), agreement)
        answer["refresh_token"] = refresh
    return answer


async def issue_access(
    stand: Stand, system: System, scopes: Sequence[str], session: Session | None
) -> dict[str, object]:
    """An access token: for a person's session, or for the system itself."""
    settings = stand.registry.stand
    now = stand.now()
    claims: dict[str, object] = {
        "nbf": int(now.timestamp()),
        "iat": int(now.timestamp()),
        "exp": int(now.timestamp()) + settings.token_lives,
        "iss": settings.issuer,
        "client_id": system.mnemonic,
        "scope": rewritten(scopes, session.oid) if session else " ".join(scopes),
        "urn:esia:sid": session.sid if session else new_sid(),
    }
    if session:
        claims["urn:esia:sbj_id"] = session.oid
    token = await stand.seal.signed("access", claims, system.token_algorithm)
    until = now + timedelta(seconds=settings.token_lives)
    stand.accesses.put(shelf_key(token), Access(session.oid if session else None, tuple(scopes), until))
    lives: object = str(settings.token_lives) if settings.expires_in_as_text else settings.token_lives
    return {"access_token": token, "token_type": "Bearer", "expires_in": lives}


def rewritten(scopes: Sequence[str], oid: int) -> str:
    """The scope of a token: each about its person, ``openid`` alone as it is."""
    return " ".join(scope if scope == "openid" else f"{scope}?oid={oid}" for scope in scopes)


def _id_claims(stand: Stand, system: System, person: Person, session: Session) -> dict[str, object]:
    settings = stand.registry.stand
    now = int(stand.now().timestamp())
    subject: dict[str, object] = {
        "urn:esia:sbj:typ": "P",
        "urn:esia:sbj:oid": person.oid,
        "urn:esia:sbj:nam": f"OID.{person.oid}",
    }
    if person.trusted:
        subject["urn:esia:sbj:is_tru"] = True
    level = _LEVELS[person.level] if person.level_sent is None else person.level_sent
    if level:
        subject["urn:esia:sbj:lvl"] = level
    return {
        "aud": system.mnemonic,
        "sub": person.oid if settings.numeric_subject else str(person.oid),
        "nbf": now,
        "iat": now,
        "exp": now + settings.id_token_lives,
        "iss": settings.issuer,
        "auth_time": int(session.since.timestamp()),
        "amr": "PWD",
        "urn:esia:amd": "PWD",
        "urn:esia:sid": session.sid,
        "urn:esia:sbj": subject,
    }
