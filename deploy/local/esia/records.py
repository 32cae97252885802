"""Persons as ESIA's JSON has them: what was not granted or is empty is absent."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

import orjson

from deploy.local.esia.people import Kid, Person

Record = dict[str, object]

# Which scopes open a collection; one of them is enough.
_OPENERS: Final[Mapping[str, frozenset[str]]] = {
    "ctts": frozenset({"email", "mobile", "contacts"}),
    "docs": frozenset({"id_doc", "birth_cert_doc", "foreign_passport_doc", "medical_doc"}),
    "addrs": frozenset({"addresses", "contacts"}),
    "kids": frozenset({"kid_fullname", "kid_birthdate", "kid_snils", "kid_gender"}),
}
_CONTACT_SCOPES: Final = {"MBT": "mobile", "EML": "email", "PHN": "contacts", "CEM": "contacts"}


def opens(collection: str, scopes: Sequence[str]) -> bool:
    """Whether ``scopes`` open ``collection`` (``ctts``, ``docs``, ``addrs``, ``kids``) at all."""
    return not _OPENERS[collection].isdisjoint(scopes)


def person(who: Person, scopes: Sequence[str]) -> Record:
    """The person, with what the scopes open."""
    record: Record = {"stateFacts": ["Identifiable"]}
    if "fullname" in scopes:
        record |= _names(who)
    _put(record, "birthDate", _day(who.birth_date), "birthdate" in scopes)
    _put(record, "gender", who.gender, "gender" in scopes)
    _put(record, "snils", _snils(who.snils), "snils" in scopes)
    _put(record, "inn", who.inn, "inn" in scopes)
    record |= {"trusted": who.trusted, "status": who.status, "verifying": False}
    _put(record, "citizenship", who.citizenship, granted=True)
    if who.documents:
        record["rIdDoc"] = 1
    record["updatedOn"] = (
        1_756_684_800  # 1 September 2025: constant, so that a fixed file gives fixed answers
    )
    return _tagged(record)


def contacts(who: Person, scopes: Sequence[str]) -> list[Record]:
    """Contacts of the kinds that the scopes open."""
    return [
        _tagged(
            {
                "stateFacts": ["Identifiable"],
                "id": number,
                "type": contact.type,
                "vrfStu": "VERIFIED" if contact.verified else "NOT_VERIFIED",
                "value": contact.value,
            }
        )
        for number, contact in enumerate(who.contacts, start=1)
        if "contacts" in scopes or _CONTACT_SCOPES[contact.type] in scopes
    ]


def documents(who: Person, _scopes: Sequence[str]) -> list[Record]:
    """Documents."""
    found = []
    for number, document in enumerate(who.documents, start=1):
        record: Record = {"stateFacts": ["Identifiable"], "id": number, "type": document.type}
        record["vrfStu"] = "VERIFIED" if document.verified else "NOT_VERIFIED"
        _put(record, "series", document.series, granted=True)
        record["number"] = document.number
        _put(record, "issueDate", _day(document.issued), granted=True)
        _put(record, "issuedBy", document.issued_by, granted=True)
        found.append(_tagged(record))
    return found


def addresses(who: Person, _scopes: Sequence[str]) -> list[Record]:
    """Addresses."""
    found = []
    for number, address in enumerate(who.addresses, start=1):
        record: Record = {"stateFacts": ["Identifiable"], "id": number, "type": address.type}
        record |= {"countryId": "RUS", "addressStr": address.text}
        _put(record, "zipCode", address.zip_code, granted=True)
        found.append(_tagged(record))
    return found


def kids(who: Person, scopes: Sequence[str]) -> list[Record]:
    """Children, each with what the scopes open."""
    return [_kid(kid, scopes) for kid in who.kids]


def _kid(kid: Kid, scopes: Sequence[str]) -> Record:
    record: Record = {"stateFacts": ["Identifiable"], "id": kid.id}
    if "kid_fullname" in scopes:
        record |= _names(kid)
    _put(record, "birthDate", _day(kid.birth_date), "kid_birthdate" in scopes)
    _put(record, "gender", kid.gender, "kid_gender" in scopes)
    _put(record, "snils", _snils(kid.snils), "kid_snils" in scopes)
    return _tagged(record)


def _names(who: Person | Kid) -> Record:
    names: Record = {}
    _put(names, "firstName", who.given_name, granted=True)
    _put(names, "lastName", who.surname, granted=True)
    _put(names, "middleName", who.patronymic, granted=True)
    return names


def _put(record: Record, name: str, value: object, granted: bool) -> None:
    if granted and value not in {None, ""}:
        record[name] = value


def _day(day: date | None) -> str | None:
    # Not by strftime, which writes the year 999 with three digits.
    return f"{day.day:02}.{day.month:02}.{day.year:04}" if day else None


def _snils(digits: str | None) -> str | None:
    return f"{digits[:3]}-{digits[3:6]}-{digits[6:9]} {digits[9:]}" if digits else None


def _tagged(record: Record) -> Record:
    record["eTag"] = hashlib.sha256(orjson.dumps(record)).hexdigest()[:40].upper()
    return record
