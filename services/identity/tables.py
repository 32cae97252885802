"""Every table of identity's database, named in one place for migrations and loaders."""

from __future__ import annotations

from services.identity.account_requests.storage import account_requests, tracking_guesses
from services.identity.accounts.storage import accounts, login_reservations, password_guesses
from services.identity.activation.storage import activations
from services.identity.binding.storage import bindings
from services.identity.contacts.storage import contacts
from services.identity.corrections.storage import corrections
from services.identity.families.storage import relations
from services.identity.issuing.storage.issues import credential_issues
from services.identity.issuing.storage.jobs import issue_job_people, issue_jobs
from services.identity.links.storage import link_transactions
from services.identity.metadata import metadata
from services.identity.people.storage import people, person_roles
from services.identity.schools.storage import classes, memberships, schools
from services.identity.second_factor.storage import recovery_codes, second_factors
from services.identity.sessions.storage import sessions

__all__ = [
    "account_requests",
    "accounts",
    "activations",
    "bindings",
    "classes",
    "contacts",
    "corrections",
    "credential_issues",
    "issue_job_people",
    "issue_jobs",
    "link_transactions",
    "login_reservations",
    "memberships",
    "metadata",
    "password_guesses",
    "people",
    "person_roles",
    "recovery_codes",
    "relations",
    "schools",
    "second_factors",
    "sessions",
    "tracking_guesses",
]
