"""Every table of identity's database, named in one place for migrations and loaders."""

from __future__ import annotations

from services.identity.account_requests.storage import account_requests
from services.identity.accounts.storage import accounts, login_reservations
from services.identity.activation.storage import activations
from services.identity.binding.storage import bindings
from services.identity.cases.storage.tables import case_people, case_schools, cases
from services.identity.consents.storage import consent_texts, consents
from services.identity.contacts.storage import contacts
from services.identity.corrections.storage import corrections
from services.identity.delegations.storage import delegations
from services.identity.devices.storage import known_devices
from services.identity.directory.storage import access_changes
from services.identity.esia_children.storage import child_searches, relation_proposals
from services.identity.families.storage import relations
from services.identity.families.storage.labels import child_labels
from services.identity.families.storage.limits import court_limits
from services.identity.guesses.storage import guesses
from services.identity.issuing.storage.issues import credential_issues
from services.identity.issuing.storage.jobs import issue_job_people, issue_jobs
from services.identity.leaving.storage import former_roles
from services.identity.links.storage import link_transactions
from services.identity.metadata import metadata
from services.identity.own_data.storage import erasures
from services.identity.people.storage import people, person_roles
from services.identity.recoveries.storage import recoveries
from services.identity.school_watches.storage import school_watches
from services.identity.schools.storage import classes, memberships, schools
from services.identity.second_factor.storage import recovery_codes, second_factors
from services.identity.sessions.storage import sessions

__all__ = [
    "access_changes",
    "account_requests",
    "accounts",
    "activations",
    "bindings",
    "case_people",
    "case_schools",
    "cases",
    "child_labels",
    "child_searches",
    "classes",
    "consent_texts",
    "consents",
    "contacts",
    "corrections",
    "court_limits",
    "credential_issues",
    "delegations",
    "erasures",
    "former_roles",
    "guesses",
    "issue_job_people",
    "issue_jobs",
    "known_devices",
    "link_transactions",
    "login_reservations",
    "memberships",
    "metadata",
    "people",
    "person_roles",
    "recoveries",
    "recovery_codes",
    "relation_proposals",
    "relations",
    "school_watches",
    "schools",
    "second_factors",
    "sessions",
]
