"""An account of one's own: from the slip to a password and contacts, and back to it when forgotten."""

from __future__ import annotations

from dataclasses import dataclass

from grpc import aio

from school.identity.v1 import activation_pb2_grpc, contacts_pb2_grpc, passwords_pb2_grpc
from services.identity.activation.rpc import ActivationRpc
from services.identity.activation.usecases import Activations
from services.identity.areas.ground import Ground
from services.identity.areas.proof import ProofArea
from services.identity.contacts.proving import Proving
from services.identity.contacts.recipients import ConfirmedContacts
from services.identity.contacts.rpc import ContactsRpc
from services.identity.contacts.usecases import Contacts
from services.identity.credentials.blocklist import common_passwords
from services.identity.credentials.rules.policy import Policy
from services.identity.credentials.usecases import Credentials
from services.identity.recoveries.rpc import PasswordsRpc
from services.identity.recoveries.usecases.changing import PasswordChanges
from services.identity.recoveries.usecases.recovering import Recoveries


@dataclass(frozen=True, slots=True)
class AccountArea:
    """Activation, contacts, the password and its recovery."""

    activations: Activations
    contacts: Contacts
    credentials: Credentials
    password_changes: PasswordChanges
    recoveries: Recoveries

    def serve(self, ground: Ground, server: aio.Server) -> None:
        """Open the doors of these."""
        activation_pb2_grpc.add_ActivationServiceServicer_to_server(
            ActivationRpc(self.activations, ground.clock), server
        )
        contacts_pb2_grpc.add_ContactsServiceServicer_to_server(
            ContactsRpc(self.contacts, ground.clock), server
        )
        passwords_pb2_grpc.add_PasswordsServiceServicer_to_server(
            PasswordsRpc(self.credentials, self.password_changes, self.recoveries), server
        )


def account_of(ground: Ground, proof: ProofArea) -> AccountArea:
    """The area."""
    database, keyring, telling, clock = ground.database, ground.keyring, ground.telling, ground.clock
    policy = Policy(common_passwords(), ground.settings.passwords.least_length)
    credentials = Credentials(database, ground.passwords, policy, clock)
    proving = Proving(keyring, telling, address=ground.address, clock=clock)
    contacts = Contacts(
        database,
        keyring=keyring,
        telling=telling,
        proving=proving,
        most_accounts=ground.settings.contact_most_accounts,
        clock=clock,
    )
    recoveries = Recoveries(
        database,
        keyring,
        guesses=proof.guesses,
        credentials=credentials,
        contacts=ConfirmedContacts(keyring),
        sessions=proof.sessions,
        telling=telling,
        address=ground.address,
        clock=clock,
    )
    return AccountArea(
        activations=Activations(
            database,
            keyring=keyring,
            contacts=contacts,
            proving=proving,
            credentials=credentials,
            passwords=ground.passwords,
            sessions=proof.sessions,
            clock=clock,
        ),
        contacts=contacts,
        credentials=credentials,
        password_changes=PasswordChanges(
            database,
            credentials=credentials,
            recoveries=recoveries,
            sessions=proof.sessions,
            telling=telling,
        ),
        recoveries=recoveries,
    )
