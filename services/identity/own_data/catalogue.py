"""Where identity keeps what about a person: what an export shows of it, and what an erasure does to it.

A table that speaks of persons and is not in here fails a test, and so does a column that points at a person
and is called neither theirs nor the deed of an employee.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import LargeBinary, Table

from services.identity.account_requests.storage import account_requests
from services.identity.accounts.rules import AccountState
from services.identity.accounts.storage import accounts, login_reservations
from services.identity.activation.storage import activations
from services.identity.binding.storage import bindings
from services.identity.cases.storage.tables import case_people, cases
from services.identity.consents.storage import consents
from services.identity.contacts.storage import contacts
from services.identity.corrections.storage import corrections
from services.identity.delegations.storage import delegations
from services.identity.devices.storage import known_devices
from services.identity.esia_children.storage import child_searches, relation_proposals
from services.identity.families.storage import relations
from services.identity.families.storage.labels import child_labels
from services.identity.families.storage.limits import court_limits
from services.identity.issuing.storage.issues import credential_issues
from services.identity.issuing.storage.jobs import issue_job_people, issue_jobs
from services.identity.keyring import Keyring, Sealed
from services.identity.leaving.storage import former_roles
from services.identity.links.storage import link_transactions
from services.identity.own_data.rules import Data
from services.identity.own_data.storage import erasures
from services.identity.people.storage import people, person_roles
from services.identity.recoveries.storage import recoveries
from services.identity.schools.storage import classes, memberships
from services.identity.second_factor.storage import recovery_codes, second_factors
from services.identity.sessions.storage import sessions

Row = Mapping[str, Any]
PERSON: Final = "person"
ACCOUNT: Final = "account"
_DELETED: Final[Mapping[str, Any]] = {}


@dataclass(frozen=True, slots=True)
class Opened:
    """A sealed value that belongs to the person, and is shown in clear."""

    box: str
    key: str
    context: Callable[[Row], str]
    parse: Callable[[str], Any] = str

    def of(self, row: Row, keyring: Keyring) -> Any:
        """The value; None when there is none."""
        if row[self.box] is None:
            return None
        return self.parse(keyring.open(Sealed(row[self.box], row[self.key]), context=self.context(row)))


@dataclass(frozen=True, slots=True)
class Holding:
    """A table, as far as it speaks of persons."""

    table: Table
    data: Data
    """The group to which an erasure's answer counts it."""
    theirs: Mapping[str, str]
    """Columns by which a row belongs to a person: the column, and whether it names person or account."""
    deeds: tuple[str, ...] = ()
    """Columns that name the employee who did something: the row is another person's, the audit tells."""
    opened: Mapping[str, Opened] = field(default_factory=dict)
    """Sealed values to be shown, by the name under which they are."""
    withheld: frozenset[str] = frozenset()
    """Columns that are shown to nobody, beside those that `shown` leaves out of itself."""
    left_with: Mapping[str, Any] | None = None
    """What an erasure sets; empty: it removes the rows; None: it leaves them as they are."""

    @property
    def shown(self) -> tuple[str, ...]:
        """Columns of an export: no bytes (secrets, digests, sealed values), no versions of keys."""
        return tuple(
            column.name
            for column in self.table.c
            if not isinstance(column.type, LargeBinary)
            and not column.name.endswith("_key")
            and column.name not in self.withheld
        )


CATALOGUE: Final[tuple[Holding, ...]] = (
    Holding(
        people,
        Data.REGISTERED_PERSON,
        {"id": PERSON},
        opened={"snils": Opened("snils_box", "snils_box_key", lambda row: f"snils of {row['id']}")},
    ),
    Holding(person_roles, Data.REGISTERED_PERSON, {"person_id": PERSON}),
    Holding(former_roles, Data.REGISTERED_PERSON, {"person_id": PERSON}, ("ended_by",)),
    Holding(
        accounts,
        Data.LOGIN,
        {"person_id": PERSON},
        withheld=frozenset({"password_hash"}),
        # Whether the one change of the login is spent stays known, for the login that may follow (R15).
        left_with={
            "login": None,
            "login_skeleton": None,
            "password_hash": None,
            "temporary_until": None,
            "password_set_at": None,
            "activated_at": None,
            "state": AccountState.CLOSED,
            "blocking_school_id": None,
            "version": accounts.c.version + 1,
        },
    ),
    Holding(login_reservations, Data.LOGIN, {"account_id": ACCOUNT}, left_with=_DELETED),
    Holding(activations, Data.LOGIN, {"account_id": ACCOUNT}, left_with=_DELETED),
    Holding(
        contacts,
        Data.CONTACTS,
        {"account_id": ACCOUNT},
        opened={
            "value": Opened("box", "box_key", lambda row: f"{row['kind'].lower()} of {row['account_id']}"),
            "pending_value": Opened(
                "pending_box", "pending_box_key", lambda row: f"{row['kind'].lower()} of {row['account_id']}"
            ),
        },
        left_with=_DELETED,
    ),
    Holding(
        corrections,
        Data.CORRECTIONS,
        {"person_id": PERSON},
        ("decided_by",),
        opened={
            "registered": Opened(
                "registered_box",
                "registered_box_key",
                lambda row: f"registered value of correction {row['id']}",
            ),
            "right": Opened(
                "right_box", "right_box_key", lambda row: f"right value of correction {row['id']}"
            ),
        },
        left_with=_DELETED,
    ),
    Holding(
        account_requests,
        Data.CORRECTIONS,
        {"person_id": PERSON},
        ("decided_by",),
        opened={
            "content": Opened("box", "box_key", lambda row: f"account request {row['id']}", json.loads),
        },
        left_with=_DELETED,
    ),
    # What ESIA said in a case may be of another person's profile: it is shown to nobody but the office.
    Holding(cases, Data.CORRECTIONS, {"person_id": PERSON}, ("closed_by",), left_with=_DELETED),
    # Who claims which SNILS is part of the register, and is settled whatever becomes of an account.
    Holding(case_people, Data.REGISTERED_PERSON, {"person_id": PERSON}),
    # On which documents the school gave credentials is part of its register.
    Holding(credential_issues, Data.REGISTERED_PERSON, {"account_id": ACCOUNT}, ("issued_by",)),
    # The slip is the temporary password of somebody who has not got it yet.
    Holding(
        issue_job_people,
        Data.PASSWORD,
        {"person_id": PERSON},
        left_with={"slip_box": None, "slip_box_key": None},
    ),
    Holding(issue_jobs, Data.AUDIT, {}, ("started_by",)),
    Holding(second_factors, Data.SECOND_FACTOR, {"account_id": ACCOUNT}, left_with=_DELETED),
    Holding(recovery_codes, Data.SECOND_FACTOR, {"account_id": ACCOUNT}, left_with=_DELETED),
    Holding(sessions, Data.SESSIONS, {"account_id": ACCOUNT}, left_with=_DELETED),
    Holding(bindings, Data.BINDING, {"account_id": ACCOUNT}, ("ended_by",), left_with=_DELETED),
    # A sign-in on its way, for minutes; its profile is sealed for its browser.
    Holding(
        link_transactions,
        Data.BINDING,
        {"person_id": PERSON, "account_id": ACCOUNT},
        left_with=_DELETED,
    ),
    Holding(known_devices, Data.SESSIONS, {"person_id": PERSON}, left_with=_DELETED),
    # A way back to a forgotten password, for an hour.
    Holding(recoveries, Data.PASSWORD, {"account_id": ACCOUNT}, left_with=_DELETED),
    # A row speaks of two persons: what the registrar wrote of one of them is not shown to the other.
    Holding(
        relations,
        Data.RELATIONS,
        {"guardian_id": PERSON, "pupil_id": PERSON},
        ("registered_by", "ended_by"),
        withheld=frozenset({"document", "ended_why"}),
    ),
    Holding(
        court_limits,
        Data.RELATIONS,
        {"guardian_id": PERSON, "pupil_id": PERSON},
        ("registered_by", "lifted_by"),
        withheld=frozenset({"document", "lifted_why"}),
    ),
    Holding(
        relation_proposals,
        Data.RELATIONS,
        {"guardian_id": PERSON, "pupil_id": PERSON},
        ("decided_by",),
        withheld=frozenset({"reason"}),
    ),
    # For minutes, while ESIA is asked.
    Holding(child_searches, Data.BINDING, {"person_id": PERSON}, left_with=_DELETED),
    # The "account name" of a child (R33).
    Holding(child_labels, Data.LOGIN, {"guardian_id": PERSON, "pupil_id": PERSON}, left_with=_DELETED),
    # Ends with the account (`OwnData`); who was trusted with a child stays the family's to know.
    Holding(
        delegations,
        Data.RELATIONS,
        {"pupil_id": PERSON, "grantor_id": PERSON, "trusted_id": PERSON},
        withheld=frozenset({"message_id"}),
    ),
    Holding(memberships, Data.SCHOOL_RECORD, {"pupil_id": PERSON}),
    Holding(classes, Data.SCHOOL_RECORD, {"homeroom_teacher_id": PERSON}),
    Holding(consents, Data.CONSENTS, {"giver_id": PERSON, "subject_id": PERSON}, ("recorded_by",)),
    Holding(erasures, Data.CONSENTS, {"person_id": PERSON, "account_id": ACCOUNT}),
)
