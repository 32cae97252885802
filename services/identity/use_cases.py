"""Which use cases there are, and what each is made of."""

from __future__ import annotations

from dataclasses import dataclass

from services.identity.account_requests.usecases import AccountRequests
from services.identity.accounts.storage import insert_account
from services.identity.accounts.usecases import Accounts, Logins
from services.identity.activation.usecases import Activations
from services.identity.audit.usecases import Audit
from services.identity.binding.rules.matching import agrees
from services.identity.binding.rules.names import is_same
from services.identity.binding.storage.standing import person_and_binding
from services.identity.binding.usecases.admission import Admission
from services.identity.binding.usecases.entering import Bindings
from services.identity.binding.usecases.password_road import PasswordRoad
from services.identity.binding.usecases.pausing import Pausing
from services.identity.binding.usecases.unbinding import Unbindings
from services.identity.binding.usecases.watching import Watching
from services.identity.blocks.usecases import Blocks
from services.identity.cases.asking import Asking
from services.identity.cases.office import CaseOffice
from services.identity.cases.usecases import Cases
from services.identity.config import IdentitySettings
from services.identity.consents.storage import messages_refused
from services.identity.consents.usecases import Consents
from services.identity.contacts.proving import Proving
from services.identity.contacts.recipients import ConfirmedContacts
from services.identity.contacts.usecases import Contacts
from services.identity.corrections.usecases import Corrections
from services.identity.credentials.blocklist import common_passwords
from services.identity.credentials.rules.policy import Policy
from services.identity.credentials.usecases import Credentials
from services.identity.delegations.usecases.answering import Answering
from services.identity.delegations.usecases.granting import Granting
from services.identity.delegations.usecases.keeping import Keeping
from services.identity.devices.usecases import Devices
from services.identity.directory.usecases import Directory
from services.identity.esia import EsiaClient
from services.identity.esia_children.usecases.deciding import Deciding
from services.identity.esia_children.usecases.searching import Searching
from services.identity.families.usecases.adding import Adding
from services.identity.families.usecases.limiting import Limiting
from services.identity.families.usecases.reading import Families
from services.identity.families.usecases.registering import Registering
from services.identity.families.usecases.relating import Relating
from services.identity.guesses.usecases import Guesses
from services.identity.issuing.usecases.class_issues import ClassIssues
from services.identity.issuing.usecases.desk import Desk, Neighbours
from services.identity.issuing.usecases.issuing import Issuing
from services.identity.issuing.usecases.worker import ClassIssueWorker
from services.identity.keyring import Keyring
from services.identity.leaving.usecases import Leaving
from services.identity.links.rules import Provider
from services.identity.own_data.usecases import OwnData
from services.identity.passwords import Passwords
from services.identity.people.usecases import People
from services.identity.recoveries.changes import PasswordChanges
from services.identity.recoveries.usecases import Recoveries
from services.identity.regions.rules import Directory as Regions
from services.identity.register.usecases import Register
from services.identity.school_watches.usecases import SchoolWatches
from services.identity.schools.usecases import Schools
from services.identity.second_factor.codes import Codes
from services.identity.second_factor.step_up import StepUps
from services.identity.second_factor.usecases import SecondFactors
from services.identity.sessions.minting import Mint
from services.identity.sessions.usecases import Sessions
from services.identity.sign_in.usecases import SignIns
from services.identity.staff.usecases import Staff
from services.identity.telling.usecases import Telling
from services.kit.clock import Clock
from services.kit.database import Database
from services.kit.reader import Reader
from services.kit.revocation import EndedSessions
from services.kit.sealing import Sealer
from services.kit.tokens import TokenIssuer


@dataclass(frozen=True, slots=True)
class UseCases:
    """Everything people can do here, behind whichever door."""

    families: Families
    adding: Adding
    registering: Registering
    limiting: Limiting
    searching: Searching
    deciding: Deciding
    people: People
    logins: Logins
    credentials: Credentials
    password_changes: PasswordChanges
    recoveries: Recoveries
    bindings: Bindings
    blocks: Blocks
    password_road: PasswordRoad
    unbindings: Unbindings
    cases: Cases
    case_office: CaseOffice
    asking: Asking
    issuing: Issuing
    class_issues: ClassIssues
    class_issue_worker: ClassIssueWorker
    account_requests: AccountRequests
    audit: Audit
    consents: Consents
    own_data: OwnData
    activations: Activations
    contacts: Contacts
    corrections: Corrections
    directory: Directory
    granting: Granting
    answering: Answering
    leaving: Leaving
    register: Register
    schools: Schools
    school_watches: SchoolWatches
    sessions: Sessions
    step_ups: StepUps
    second_factors: SecondFactors
    staff: Staff
    sign_ins: SignIns
    telling: Telling


def use_cases_of(
    settings: IdentitySettings,
    database: Database,
    directory: Regions,
    keyring: Keyring,
    tokens: TokenIssuer,
    *,
    reader: Reader,
    esia: EsiaClient,
    passwords: Passwords,
    clock: Clock,
    ended: EndedSessions,
) -> UseCases:
    """Every use case of the service on what `services.identity.app` has opened; opens nothing itself."""
    provider = Provider(settings.region, settings.esia.issuer)
    telling = Telling(
        Sealer(settings.sealing_key_file), ConfirmedContacts(keyring), clock, refused=messages_refused
    )
    mint = Mint(keyring, tokens, settings.second_factor_roles)
    sessions = Sessions(database, mint, settings.lifetimes, clock, ended)
    trust = Keeping(keyring, telling, settings.zone, clock)
    relating = Relating(
        telling,
        settings.zone,
        clock,
        relation_over=trust.relation_over,
        forbidden=trust.forbidden,
        own_right_over=trust.own_right_over,
    )
    own_data = OwnData(database, keyring, sessions, telling, trust, zone=settings.zone, clock=clock)
    guesses = Guesses(keyring, settings.guesses.allowances, clock)
    devices = Devices(keyring, telling, clock)
    accounts = Accounts(database, passwords, guesses, devices, clock)
    codes = Codes(database, keyring, guesses, clock)
    policy = Policy(common_passwords(), settings.passwords.least_length)
    credentials = Credentials(database, passwords, policy, clock)
    recoveries = Recoveries(
        database,
        keyring,
        guesses=guesses,
        credentials=credentials,
        contacts=ConfirmedContacts(keyring),
        sessions=sessions,
        telling=telling,
        address=directory.here.address,
        clock=clock,
    )
    proving = Proving(keyring, telling, address=directory.here.address, clock=clock)
    contacts = Contacts(
        database,
        keyring=keyring,
        telling=telling,
        proving=proving,
        most_accounts=settings.contact_most_accounts,
        clock=clock,
    )
    pausing = Pausing(keyring=keyring, sessions=sessions, provider=provider)
    cases = Cases(
        keyring=keyring,
        telling=telling,
        agrees=agrees,
        recheck=pausing.register_changed,
        zone=settings.zone,
        clock=clock,
    )
    admission = Admission(
        cases,
        keyring=keyring,
        sessions=sessions,
        telling=telling,
        level_policy=settings.esia_level,
        zone=settings.zone,
        clock=clock,
    )
    watching = Watching(admission, cases, keyring=keyring, provider=provider, clock=clock)
    bindings = Bindings(
        database,
        admission,
        watching,
        keyring=keyring,
        sessions=sessions,
        provider=provider,
        level_policy=settings.esia_level,
        clock=clock,
    )
    consents = Consents(database, own_data, settings.zone, clock)
    desk = Desk(
        passwords,
        Neighbours(sessions, telling, consents, reopen=own_data.issued_anew, void=recoveries.void),
        zone=settings.zone,
        good_for=settings.temporary_password_lifetime,
        clock=clock,
    )
    worker = ClassIssueWorker(database, desk, keyring, clock)
    account_requests = AccountRequests(
        database,
        desk,
        telling,
        keyring,
        guesses,
        address=directory.here.address,
        due=settings.account_request_due,
        clock=clock,
    )
    unbindings = Unbindings(
        database,
        their_account=desk.account_of_theirs,
        sessions=sessions,
        telling=telling,
        provider=provider,
        clock=clock,
    )
    leaving = Leaving(database, sessions, telling, void=recoveries.void, zone=settings.zone, clock=clock)
    return UseCases(
        families=Families(database, reader, relating, settings.zone, clock),
        adding=Adding(database, relating, accounts=accounts, codes=codes, zone=settings.zone, clock=clock),
        registering=Registering(database, relating, clock),
        limiting=Limiting(database, relating, clock),
        searching=Searching(
            database,
            esia=esia,
            bindings=bindings,
            relating=relating,
            keyring=keyring,
            policy=settings.esia_kids,
            redirect_uri=f"{directory.here.address.rstrip('/')}/family/esia",
            clock=clock,
        ),
        deciding=Deciding(database, relating, telling, clock),
        people=People(
            database,
            reader,
            keyring,
            open_account=insert_account,
            find=person_and_binding,
            quarantine=cases,
            same_name=is_same,
            provider=provider,
            zone=settings.zone,
            clock=clock,
        ),
        logins=Logins(database, guesses, telling, clock),
        credentials=credentials,
        password_changes=PasswordChanges(
            database, credentials=credentials, recoveries=recoveries, sessions=sessions, telling=telling
        ),
        recoveries=recoveries,
        bindings=bindings,
        blocks=Blocks(database, desk, sessions, telling, void=recoveries.void),
        cases=cases,
        unbindings=unbindings,
        password_road=PasswordRoad(
            database,
            admission,
            keyring=keyring,
            accounts=accounts,
            sessions=sessions,
            devices=devices,
            provider=provider,
            zone=settings.zone,
            clock=clock,
        ),
        case_office=CaseOffice(
            database,
            cases,
            bindings=unbindings,
            relating=relating,
            keyring=keyring,
            telling=telling,
            zone=settings.zone,
            clock=clock,
        ),
        asking=Asking(
            database,
            keyring=keyring,
            guesses=guesses,
            telling=telling,
            address=directory.here.address,
            zone=settings.zone,
            clock=clock,
        ),
        issuing=Issuing(database, desk, account_requests, keyring, clock),
        class_issues=ClassIssues(database, desk, keyring, worker.wake, clock),
        class_issue_worker=worker,
        account_requests=account_requests,
        audit=Audit(database),
        consents=consents,
        own_data=own_data,
        activations=Activations(
            database,
            keyring=keyring,
            contacts=contacts,
            proving=proving,
            credentials=credentials,
            passwords=passwords,
            sessions=sessions,
            clock=clock,
        ),
        contacts=contacts,
        school_watches=SchoolWatches(
            database, keyring, guesses, telling, address=directory.here.address, clock=clock
        ),
        directory=Directory(database, provider, settings.zone, clock),
        corrections=Corrections(
            database,
            keyring=keyring,
            telling=telling,
            cases=cases,
            relating=relating,
            zone=settings.zone,
            allow_test_snils=settings.allow_test_snils,
            clock=clock,
        ),
        granting=Granting(database, trust, telling, address=directory.here.address, clock=clock),
        answering=Answering(database, trust, telling, clock),
        leaving=leaving,
        register=Register(database, keyring, zone=settings.zone, clock=clock),
        schools=Schools(database),
        sessions=sessions,
        step_ups=StepUps(database, accounts, codes, sessions),
        second_factors=SecondFactors(
            database,
            keyring=keyring,
            codes=codes,
            sessions=sessions,
            telling=telling,
            demanding=settings.second_factor_roles,
            issuer=f"Дневник, {directory.here.title}",
            clock=clock,
        ),
        staff=Staff(
            database,
            keyring,
            sessions,
            leave=leaving.leave_unless_connected,
            zone=settings.zone,
            clock=clock,
        ),
        sign_ins=SignIns(
            database,
            directory=directory,
            esia=esia,
            accounts=accounts,
            bindings=bindings,
            sessions=sessions,
            devices=devices,
            provider=provider,
            clock=clock,
        ),
        telling=telling,
    )
