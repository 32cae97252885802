"""The catalogue of personal data is complete: whoever adds a table says what becomes of it."""

from __future__ import annotations

import re

from sqlalchemy import Column, LargeBinary, Table

from services.identity.own_data.catalogue import ACCOUNT, CATALOGUE, PERSON
from services.identity.own_data.rules import KEPT, Data
from services.identity.tables import metadata

# How a column that names a person is called where no foreign key says so: copies of others' facts have none.
NAMES = re.compile(
    r"(^|_)(person|account|pupil|guardian|teacher|employee|registrar|giver|subject|actor|owner|applicant)_id$"
    r"|(?<!replaced)_by$"  # a session is replaced by a session
)
_TARGETS = {"people", "accounts"}


def points_at_somebody(column: Column[object]) -> bool:
    return any(key.column.table.name in _TARGETS for key in column.foreign_keys) or bool(
        NAMES.search(column.name) and column.type.python_type.__name__ == "UUID"
    )


def personal(tables: dict[str, Table]) -> dict[str, set[str]]:
    """The tables that speak of persons, and by which columns."""
    found = {name: {c.name for c in table.c if points_at_somebody(c)} for name, table in tables.items()}
    return {name: columns for name, columns in found.items() if columns} | {"people": {"id"}}


def test_every_table_that_speaks_of_persons_is_in_the_catalogue() -> None:
    """An export that forgets a table, or an erasure that does, fails here."""
    assert set(personal(dict(metadata.tables))) == {holding.table.name for holding in CATALOGUE}


def test_every_column_that_names_a_person_is_theirs_or_a_deed() -> None:
    known = {holding.table.name: {*holding.theirs, *holding.deeds} for holding in CATALOGUE}

    assert {name: known[name] for name in personal(dict(metadata.tables))} == personal(dict(metadata.tables))


def test_a_table_that_is_added_later_is_seen() -> None:
    """The calibration of the tests above."""
    later = Table("later", metadata.__class__(), Column("noted_by", metadata.tables["people"].c.id.type))

    assert personal({"later": later})["later"] == {"noted_by"}


def test_ids_belong_to_persons_or_accounts() -> None:
    assert {of for holding in CATALOGUE for of in holding.theirs.values()} == {PERSON, ACCOUNT}


def test_nothing_that_opens_a_door_is_shown() -> None:
    """Hashes, secrets, digests and sealed values stay where they are; what is the person's own is opened."""
    for holding in CATALOGUE:
        for column in holding.shown:
            assert not re.search(r"hash|secret|digest|seed|proof|_box|_index|_key$", column) or (
                column == "proof_until"
            ), f"{holding.table.name}.{column}"
            assert not isinstance(holding.table.c[column].type, LargeBinary)


def test_what_is_sealed_and_the_persons_own_is_opened() -> None:
    """Of every sealed column it is said whether its person sees it."""
    closed = {
        ("cases", "said_box"),
        # An address of somebody else, maybe of nobody here.
        ("delegations", "invitee_box"),
        ("cases", "email_box"),
        ("issue_job_people", "slip_box"),
        ("link_transactions", "profile_box"),
        ("second_factors", "secret_box"),
    }
    for holding in CATALOGUE:
        boxes = {column.name for column in holding.table.c if column.name.endswith("box")}
        opened = {one.box for one in holding.opened.values()}
        assert boxes - opened == {column for table, column in closed if table == holding.table.name}


def test_what_an_erasure_leaves_is_what_it_says_it_leaves() -> None:
    """The answer to "what would be erased?" and the deed come from one list."""
    for holding in CATALOGUE:
        assert (holding.left_with is None) == (holding.data in KEPT), holding.table.name


def test_every_group_that_is_kept_names_its_law() -> None:
    erased = {Data.LOGIN, Data.PASSWORD, Data.CONTACTS, Data.SECOND_FACTOR, Data.SESSIONS, Data.BINDING}
    assert set(Data) - set(KEPT) == erased | {Data.MESSAGES, Data.CORRECTIONS}
