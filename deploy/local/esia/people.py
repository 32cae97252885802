"""``people.toml`` (or ``.json``): the persons who have an account at the stand."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter

from deploy.local.esia.reading import reading


def _eleven_digits(value: object) -> object:
    return (
        "".join(character for character in value if character.isdigit()) if isinstance(value, str) else value
    )


def _trimmed(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


Snils = Annotated[str, BeforeValidator(_eleven_digits), Field(pattern=r"^[0-9]{11}$")]
Text = Annotated[str, BeforeValidator(_trimmed), Field(min_length=1, max_length=256)]
"""As ESIA stores it: trimmed, and never very long."""
Number = Annotated[int, Field(gt=0, lt=1 << 53)]
"""What every reader of JSON takes for the same number."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Contact(_Entry):
    """One contact: MBT mobile, PHN telephone, EML e-mail, CEM e-mail at work."""

    type: Literal["MBT", "PHN", "EML", "CEM"]
    value: Text
    verified: bool = True


class Document(_Entry):
    """One document, e.g. ``RF_PASSPORT`` or ``RF_BRTH_CERT``."""

    type: str
    series: str | None = None
    number: str
    issued: date | None = None
    issued_by: str | None = None
    verified: bool = True


class Address(_Entry):
    """One address: PLV of living, PRG of registration."""

    type: Literal["PLV", "PRG"]
    text: str
    zip_code: str | None = None


class Kid(_Entry):
    """A child in a parent's account."""

    id: Number
    surname: Text
    given_name: Text
    patronymic: Text | None = None
    birth_date: date | None = None
    gender: Literal["M", "F"] | None = None
    snils: Snils | None = None


class Person(_Entry):
    """One account. Names and dates may be absent, as they may at ESIA."""

    login: str = Field(min_length=1)
    password: str = Field(min_length=1, repr=False)
    oid: Number
    surname: Text | None = None
    given_name: Text | None = None
    patronymic: Text | None = None
    birth_date: date | None = None
    gender: Literal["M", "F"] | None = None
    snils: Snils | None = None
    inn: Text | None = None
    citizenship: Text | None = "RUS"
    level: Literal["simplified", "standard", "confirmed", "child"] = "confirmed"
    level_sent: str | None = None
    """``urn:esia:sbj:lvl`` of the id token instead of that of the level; "" leaves it out."""
    status: Literal["REGISTERED", "DELETED", "DISABLED"] = "REGISTERED"
    """What ESIA says of the account itself; whoever has left it, or merged it, is not ``REGISTERED``."""
    contacts: tuple[Contact, ...] = ()
    documents: tuple[Document, ...] = ()
    addresses: tuple[Address, ...] = ()
    kids: tuple[Kid, ...] = ()
    featured: bool = False
    """Offered on the sign-in form, to be chosen without a password."""
    note_ru: str = ""
    note_en: str = ""
    """What this person shows, e.g. "a mother of two, bound at once"."""

    @property
    def trusted(self) -> bool:
        """Whether ESIA has confirmed who this is."""
        return self.level == "confirmed"

    @property
    def full_name(self) -> str:
        """Surname, given name and patronymic, as far as there are any; else the login."""
        names = (self.surname, self.given_name, self.patronymic)
        return " ".join(name for name in names if name) or self.login


class People:
    """All accounts, found by login and by oid."""

    def __init__(self, people: Iterable[Person]) -> None:
        """Raises `ValueError` when two accounts share a login or an oid."""
        everybody = tuple(people)
        self._by_login = {person.login.casefold(): person for person in everybody}
        self._by_oid = {person.oid: person for person in everybody}
        if not len(everybody) == len(self._by_login) == len(self._by_oid):
            raise ValueError("two persons share a login or an oid")
        self.featured = tuple(person for person in everybody if person.featured)

    def change(self, present_oid: int, /, **changes: object) -> Person:
        """Change what ESIA knows of somebody: name, SNILS, level, status; another oid is a merge.

        Raises:
            LookupError: nobody has this oid.
            ValueError: an account cannot be so, or somebody else has the login or oid.
        """
        present = self._by_oid[present_oid]
        changed = Person.model_validate({**present.model_dump(), **changes})
        others = [person for person in self._by_oid.values() if person is not present]
        if any(
            changed.oid == person.oid or changed.login.casefold() == person.login.casefold()
            for person in others
        ):
            raise ValueError("two persons share a login or an oid")
        del self._by_oid[present.oid], self._by_login[present.login.casefold()]
        self._by_oid[changed.oid] = self._by_login[changed.login.casefold()] = changed
        self.featured = tuple(changed if person is present else person for person in self.featured)
        return changed

    def __len__(self) -> int:
        return len(self._by_oid)

    def by_login(self, login: str) -> Person | None:
        """The account with this login, in any case."""
        return self._by_login.get(login.strip().casefold())

    def by_oid(self, oid: int) -> Person | None:
        """The account with this oid."""
        return self._by_oid.get(oid)


_PEOPLE = TypeAdapter(tuple[Person, ...])


def read_people(file: Path) -> People:
    """Read a file with a list ``people``. JSON loads a region of thousands in a fraction of a second.

    Raises:
        OSError: the file is missing.
        ValueError: something in it is wrong; the message names the person's place and the field.
    """
    raw = file.read_bytes()
    with reading(file, inside="people"):
        content = orjson.loads(raw) if file.suffix == ".json" else tomllib.loads(raw.decode())
        unknown = content.keys() - {"people"}
        if unknown:
            raise ValueError(f"{file}: unknown {', '.join(sorted(unknown))}")
        return People(_PEOPLE.validate_python(content.get("people", [])))
