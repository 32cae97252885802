"""What migration 0002 does, in the order in which tables refer to each other."""

from __future__ import annotations

from services.identity.migrations.accounts import (
    account_requests,
    accounts,
    activation,
    audit,
    bindings,
    consents,
    contacts,
    corrections,
    credentials,
    issuing,
    own_data,
    schools,
    second_factor,
    sessions,
    staff,
)

STATEMENTS: tuple[str, ...] = (
    *audit.STATEMENTS,
    *bindings.STATEMENTS,
    *accounts.STATEMENTS,
    *schools.STATEMENTS,
    *contacts.STATEMENTS,
    *activation.STATEMENTS,
    *corrections.STATEMENTS,
    *account_requests.STATEMENTS,
    *issuing.STATEMENTS,
    *credentials.STATEMENTS,
    *sessions.STATEMENTS,
    *second_factor.STATEMENTS,
    *staff.STATEMENTS,
    *consents.STATEMENTS,
    *own_data.STATEMENTS,
)
