"""Identity put together: everything that is opened here is closed here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from school.identity.v1 import (
    account_requests_pb2_grpc,
    accounts_pb2_grpc,
    activation_pb2_grpc,
    audit_pb2_grpc,
    binding_pb2_grpc,
    blocks_pb2_grpc,
    cases_pb2_grpc,
    consents_pb2_grpc,
    contacts_pb2_grpc,
    corrections_pb2_grpc,
    delegations_pb2_grpc,
    directory_pb2_grpc,
    esia_children_pb2_grpc,
    families_pb2_grpc,
    issuing_pb2_grpc,
    leaving_pb2_grpc,
    own_data_pb2_grpc,
    passwords_pb2_grpc,
    people_pb2_grpc,
    regions_pb2_grpc,
    register_pb2_grpc,
    school_watches_pb2_grpc,
    schools_pb2_grpc,
    second_factor_pb2_grpc,
    sessions_pb2_grpc,
    sign_in_pb2_grpc,
    staff_pb2_grpc,
)
from school.identity.v1.events_pb2 import EverythingTold, SessionEnded
from services.identity.account_requests.rpc import AccountRequestsRpc
from services.identity.accounts.rpc import AccountsRpc
from services.identity.activation.rpc import ActivationRpc
from services.identity.audit.rpc import AuditRpc
from services.identity.binding.rpc import BindingRpc
from services.identity.blocks.rpc import BlocksRpc
from services.identity.cases.rpc import CasesRpc
from services.identity.config import IdentitySettings
from services.identity.consents.keeper import TextsKeeper
from services.identity.consents.rpc import ConsentsRpc
from services.identity.consents.texts import texts_of
from services.identity.contacts.rpc import ContactsRpc
from services.identity.corrections.rpc import CorrectionsRpc
from services.identity.delegations.rpc import DelegationsRpc
from services.identity.directory.rpc import DirectoryRpc
from services.identity.esia import EsiaClient, connect
from services.identity.esia_children.rpc import EsiaChildrenRpc
from services.identity.families.rpc import FamiliesRpc
from services.identity.issuing.rpc import IssuingRpc
from services.identity.keyring import Keyring
from services.identity.leaving.rpc import LeavingRpc
from services.identity.own_data.rpc import OwnDataRpc
from services.identity.own_data.worker import Eraser
from services.identity.passwords import Passwords
from services.identity.people.rpc import PeopleRpc
from services.identity.recoveries.rpc import PasswordsRpc
from services.identity.regions.keeper import DirectoryKeeper
from services.identity.regions.rpc import RegionsRpc
from services.identity.regions.rules import Directory
from services.identity.regions.storage import read_directory
from services.identity.register.rpc import RegisterRpc
from services.identity.school_watches.rpc import SchoolWatchesRpc
from services.identity.school_watches.usecases import ConnectionNews
from services.identity.schools.events import HANDLERS, on_dead
from services.identity.schools.rpc import SchoolsRpc
from services.identity.second_factor.rpc import SecondFactorRpc
from services.identity.sessions.rpc import SessionsRpc
from services.identity.sign_in.rpc import SignInRpc
from services.identity.staff.rpc import StaffRpc
from services.identity.sweep import Sweep
from services.identity.use_cases import UseCases, use_cases_of
from services.kit.audit.sealer import AuditSealer
from services.kit.clock import Clock, SystemClock
from services.kit.database import Database
from services.kit.dead_letters.watch import DeadLetterWatch
from services.kit.messaging.bus import Bus
from services.kit.messaging.consumer import Consumer
from services.kit.messaging.effects import Effects, Hearing
from services.kit.messaging.relay import Relay
from services.kit.messaging.streams import Stream
from services.kit.reader import Reader
from services.kit.revocation import EndedSessions, Revocation
from services.kit.rpc.server import Register, serving
from services.kit.service_tokens import ServiceVerifier
from services.kit.tokens import TokenIssuer, TokenVerifier, issuer_of

MIGRATIONS: Final = Path(__file__).parent / "migrations"
"""The folder that holds ``versions/``."""
DOMAIN: Final = "identity.school"
"""Whose errors these are, in `ErrorInfo`."""
_SCHOOLS: Final = Hearing("DIARY", "identity-schools", HANDLERS, on_dead)


@dataclass(frozen=True, slots=True)
class Identity:
    """The service while it runs."""

    address: str
    """``host:port`` as bound."""
    database: Database
    use_cases: UseCases
    sweep: Sweep
    consumer: Consumer
    """Of the diary's events."""


@asynccontextmanager
async def run(settings: IdentitySettings, *, clock: Clock | None = None) -> AsyncIterator[Identity]:
    """Serve until the context ends. The database must have been migrated; NATS and ESIA may be away.

    Args:
        settings: where everything is.
        clock: what time it is; a test brings its own.

    Raises:
        OSError: the address cannot be bound.
        KeyringError: the file of keys is wrong.
        ValueError: the directory of regions, a file of JWKs or that of other services is wrong.
        TextChanged: a text of consents is recorded with another wording.
        EsiaSignerFailed: the key or certificate for ESIA cannot be used.
    """
    clock = clock or SystemClock()
    issuer = issuer_of(settings.region)
    directory = read_directory(settings.regions_file, here=settings.region)
    keyring = Keyring.read(settings.snils_keys_file)
    ended = EndedSessions(clock)
    verifier = TokenVerifier(
        settings.jwks_file, issuer=issuer, region=settings.region, clock=clock, ended=ended
    )
    services = ServiceVerifier(
        settings.service_keys_file, region=settings.region, service="identity", clock=clock
    )
    tokens = TokenIssuer(
        settings.signing_keys_file,
        issuer=issuer,
        region=settings.region,
        lifetime=settings.access_lifetime,
        clock=clock,
    )
    database = Database(settings.database_url, pool_size=settings.pool_size)
    reader = Reader(settings.database_url, pool_size=settings.pool_size)
    bus = Bus(settings.nats_url, region=settings.region, service="identity")
    stream = Stream.of("identity", max_bytes=settings.stream_max_bytes, replicas=settings.stream_replicas)
    sweep = Sweep(database, clock)
    consumer = Consumer(bus, database, _SCHOOLS)
    revocation = Revocation(bus, "IDENTITY", SessionEnded, ended, clock)
    async with (
        database,
        reader,
        connect(settings.esia, now=clock.now) as esia,
        Passwords(settings.passwords.cost) as passwords,
        bus,
        Relay(bus, database, stream, all_told=EverythingTold),
        AuditSealer(database),
        DeadLetterWatch(database),
        consumer,
        sweep,
        TextsKeeper(database, texts_of(settings.operator), clock),
        revocation,
    ):
        use_cases = use_cases_of(
            settings,
            database,
            directory,
            keyring,
            tokens,
            reader=reader,
            esia=esia,
            passwords=passwords,
            clock=clock,
            ended=ended,
        )
        register = _register(settings, directory, use_cases, esia, clock)
        async with (
            use_cases.class_issue_worker,
            Eraser(use_cases.own_data),
            ConnectionNews(use_cases.school_watches),
            DirectoryKeeper(directory, settings.regions_file),
            serving(
                listen=settings.listen,
                domain=DOMAIN,
                verifier=verifier,
                register=register,
                services=services,
            ) as server,
        ):
            yield Identity(server.address, database, use_cases, sweep, consumer)


def effects_of(settings: IdentitySettings, database: Database) -> list[Effects]:
    """What events do here, for who mends dead letters beside the running service."""
    return [Effects(database, settings.region, _SCHOOLS)]


def _register(
    settings: IdentitySettings, directory: Directory, use_cases: UseCases, esia: EsiaClient, clock: Clock
) -> Register:
    def register(server: Any) -> None:
        account_requests = AccountRequestsRpc(
            use_cases.account_requests, use_cases.issuing, allow_test_snils=settings.allow_test_snils
        )
        account_requests_pb2_grpc.add_AccountRequestsServiceServicer_to_server(account_requests, server)
        accounts_pb2_grpc.add_AccountsServiceServicer_to_server(AccountsRpc(use_cases.logins), server)
        passwords = PasswordsRpc(use_cases.credentials, use_cases.password_changes, use_cases.recoveries)
        passwords_pb2_grpc.add_PasswordsServiceServicer_to_server(passwords, server)
        issuing = IssuingRpc(
            use_cases.issuing,
            use_cases.class_issues,
            address=directory.here.address,
            allow_test_snils=settings.allow_test_snils,
            clock=clock,
        )
        issuing_pb2_grpc.add_IssuingServiceServicer_to_server(issuing, server)
        activation = ActivationRpc(use_cases.activations, clock)
        activation_pb2_grpc.add_ActivationServiceServicer_to_server(activation, server)
        contacts = ContactsRpc(use_cases.contacts, clock)
        contacts_pb2_grpc.add_ContactsServiceServicer_to_server(contacts, server)
        corrections = CorrectionsRpc(use_cases.corrections)
        corrections_pb2_grpc.add_CorrectionsServiceServicer_to_server(corrections, server)
        blocks_pb2_grpc.add_BlocksServiceServicer_to_server(BlocksRpc(use_cases.blocks), server)
        delegations = DelegationsRpc(use_cases.granting, use_cases.answering)
        delegations_pb2_grpc.add_DelegationsServiceServicer_to_server(delegations, server)
        directory_pb2_grpc.add_DirectoryServiceServicer_to_server(DirectoryRpc(use_cases.directory), server)
        audit_pb2_grpc.add_AuditServiceServicer_to_server(AuditRpc(use_cases.audit), server)
        consents_pb2_grpc.add_ConsentsServiceServicer_to_server(ConsentsRpc(use_cases.consents), server)
        own_data_pb2_grpc.add_OwnDataServiceServicer_to_server(OwnDataRpc(use_cases.own_data), server)
        binding = BindingRpc(use_cases.bindings, use_cases.password_road, use_cases.unbindings)
        binding_pb2_grpc.add_BindingServiceServicer_to_server(binding, server)
        cases = CasesRpc(use_cases.case_office, use_cases.asking)
        cases_pb2_grpc.add_CasesServiceServicer_to_server(cases, server)
        families = FamiliesRpc(
            use_cases.families, use_cases.adding, use_cases.registering, use_cases.limiting
        )
        families_pb2_grpc.add_FamiliesServiceServicer_to_server(families, server)
        esia_children = EsiaChildrenRpc(use_cases.searching, use_cases.deciding)
        esia_children_pb2_grpc.add_EsiaChildrenServiceServicer_to_server(esia_children, server)
        leaving_pb2_grpc.add_LeavingServiceServicer_to_server(LeavingRpc(use_cases.leaving, clock), server)
        people = PeopleRpc(use_cases.people, allow_test_snils=settings.allow_test_snils)
        people_pb2_grpc.add_PeopleServiceServicer_to_server(people, server)
        regions = RegionsRpc(directory, lambda: esia.available)
        regions_pb2_grpc.add_RegionsServiceServicer_to_server(regions, server)
        register_pb2_grpc.add_RegisterServiceServicer_to_server(RegisterRpc(use_cases.register), server)
        school_watches = SchoolWatchesRpc(use_cases.school_watches)
        school_watches_pb2_grpc.add_SchoolWatchesServiceServicer_to_server(school_watches, server)
        schools_pb2_grpc.add_SchoolsServiceServicer_to_server(SchoolsRpc(use_cases.schools), server)
        sessions = SessionsRpc(use_cases.sessions, use_cases.step_ups, esia.logout_url)
        sessions_pb2_grpc.add_SessionsServiceServicer_to_server(sessions, server)
        second_factors = SecondFactorRpc(use_cases.second_factors)
        second_factor_pb2_grpc.add_SecondFactorServiceServicer_to_server(second_factors, server)
        staff = StaffRpc(use_cases.staff, allow_test_snils=settings.allow_test_snils)
        staff_pb2_grpc.add_StaffServiceServicer_to_server(staff, server)
        sign_in_pb2_grpc.add_SignInServiceServicer_to_server(SignInRpc(use_cases.sign_ins), server)

    return register
