"""The ESIA accounts of the region: of guardians, staff and pupils, each as the cast or chance has it."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from random import Random
from typing import Final
from uuid import UUID

from deploy.local.demo import cast, members
from deploy.local.demo.identifiers import Identifiers, latin
from deploy.local.demo.register import Draft, Population
from deploy.local.demo.world import CastMember, EsiaAccount, FullName, Level, Role

# One password for all: the stand-in lets a person be chosen, nobody types it but for the look of it.
PASSWORD: Final = "Gosuslugi-demo"  # noqa: S105 - of a stand-in that guards nothing
_FIRST_OID: Final = 1_000_400_001
_CONFIRMED, _STANDARD = 0.78, 0.14  # of grown-ups; the rest has given no SNILS
_WITHOUT_E = 0.15  # accounts where ё was written as е


class EsiaRegistry:
    """Opens ESIA accounts."""

    def __init__(self, today: date, ids: Identifiers, random: Random) -> None:
        self._today = today
        self._ids = ids
        self._random = random
        self._logins: Counter[str] = Counter()
        self.accounts: list[EsiaAccount] = []
        self.strangers: list[CastMember] = []

    def open_all(self, population: Population) -> None:
        """Accounts of everybody who has one: grown-ups, pupils from 14, and whom the cast names."""
        kids: defaultdict[UUID, list[UUID]] = defaultdict(list)
        for relation in population.relations:
            kids[relation.guardian_id].append(relation.pupil_id)
        drafts = sorted(population.drafts.values(), key=lambda draft: not (draft.esia and draft.esia.login))
        for draft in drafts:
            if draft.esia or self._age(draft.birth_date) >= 14:
                self._open(draft, tuple(kids[draft.id]))

    def open_strangers(self) -> None:
        """Accounts of those whom no school knows."""
        for stranger in cast.STRANGERS:
            birth_date = self._today.replace(year=self._today.year - stranger.age, month=5, day=17)
            self.accounts.append(
                EsiaAccount(
                    oid=_FIRST_OID + len(self.accounts),
                    login=stranger.esia.login,
                    password=PASSWORD,
                    name=stranger.name,
                    gender=stranger.gender,
                    birth_date=birth_date,
                    snils=stranger.snils if stranger.esia.has_snils else None,
                    level=stranger.esia.level,
                    email=f"{stranger.esia.login}@example.org",
                    mobile=self._ids.mobile(),
                    kids=(),
                    person_id=None,
                )
            )
            notes = stranger.notes
            self.strangers.append(
                CastMember(notes.role, stranger.name, None, stranger.esia.login, notes.ru, notes.en)
            )

    def _open(self, draft: Draft, kids: tuple[UUID, ...]) -> None:
        esia = draft.esia or self._usual(draft)
        login = esia.login or self._login(draft.name)
        self._logins[login] += 1
        snils: str | None = self._ids.snils() if esia.another_snils else draft.snils
        child = esia.level is Level.CHILD
        self.accounts.append(
            EsiaAccount(
                oid=_FIRST_OID + len(self.accounts),
                login=login,
                password=PASSWORD,
                name=esia.name or self._as_written(draft),
                gender=draft.gender,
                birth_date=draft.birth_date,
                snils=snils if esia.has_snils else None,
                level=esia.level,
                email=None if child else f"{login}@example.{self._random.choice(('org', 'com', 'net'))}",
                mobile=None if child else self._ids.mobile(),
                kids=kids if esia.level is Level.CONFIRMED else (),
                person_id=draft.id,
            )
        )

    def _usual(self, draft: Draft) -> members.Esia:
        """What chance gives; staff always have a confirmed account, teenagers hardly ever."""
        chance = self._random.random()
        if any(place.role not in {Role.PUPIL, Role.GUARDIAN} for place in draft.places):
            return members.Esia()
        if any(place.role is Role.PUPIL for place in draft.places):
            return members.Esia(level=Level.CONFIRMED if chance < 0.4 else Level.STANDARD)
        if chance < _CONFIRMED:
            return members.Esia()
        if chance < _CONFIRMED + _STANDARD:
            return members.Esia(level=Level.STANDARD)
        return members.Esia(has_snils=False, level=Level.SIMPLIFIED)

    def _as_written(self, draft: Draft) -> FullName:
        """The name in ESIA; the cast's is as written, others may have lost their ё."""
        if draft.esia or self._random.random() >= _WITHOUT_E:
            return draft.name
        name = draft.name
        return FullName(
            *(part.replace("ё", "е") for part in (name.surname, name.given_name, name.patronymic))
        )

    def _login(self, name: FullName) -> str:
        """surname.initial, with a number when somebody has it already."""
        stem = f"{latin(name.surname)}.{latin(name.given_name)[:1]}".replace(" ", "-")
        self._logins[stem] += 1
        return stem if self._logins[stem] == 1 else f"{stem}{self._logins[stem]}"

    def _age(self, birth_date: date) -> int:
        today = self._today
        return today.year - birth_date.year - ((today.month, today.day) < (birth_date.month, birth_date.day))
