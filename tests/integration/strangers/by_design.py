"""What strangers are given all the same, and why. Whoever adds an RPC that answers them comes by here.

An RPC that is not named refuses everybody to whom the foreign family does not belong, whatever ids it is
asked with.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from services.identity.people.rules import Role


@dataclass(frozen=True, slots=True)
class Granted:
    """An answer that is no leak."""

    why: str
    to: Role | None = None
    """None: to everybody whom the policy lets in."""
    naming: frozenset[str] | None = None
    """When these fields alone name something foreign; None: whatever they name."""
    shows: bool = False
    """Whether the answer may tell something of the foreign family or school."""
    changes: bool = False
    """Whether rows that name them may come or change."""


def _each(names: Iterable[str], granted: Granted) -> dict[str, list[Granted]]:
    return {name: [granted] for name in names}


GRANTED: dict[str, list[Granted]] = {
    **_each(
        (
            "AccountsService/GetMyAccount",
            "AccountsService/RenameLogin",
            "ActivationService/ConfirmMyData",
            "ActivationService/GetActivation",
            "ActivationService/GiveContacts",
            "AuditService/ListMyAudit",
            "BindingService/GetMyBinding",
            "BindingService/ListMyBindings",
            "CasesService/ListMyCases",
            "ConsentsService/ListMyConsents",
            "ContactsService/CancelContactChange",
            "ContactsService/ListMyContacts",
            "CorrectionsService/ListMyCorrections",
            "CorrectionsService/RequestCorrection",
            "DelegationsService/ListMyTrust",
            "DeliveryService/ListMyDeliveries",
            "EsiaChildrenService/ListMyProposals",
            "FamiliesService/ListMyChildren",
            "JournalService/ListMyLessons",
            "OwnDataService/CancelErasure",
            "OwnDataService/ExportMyData",
            "OwnDataService/PreviewErasure",
            "OwnDataService/RequestErasure",
            "PasswordsService/JudgePassword",
            "PeopleService/GetMe",
            "SchoolsService/ListMyPupils",
            "SecondFactorService/GetSecondFactor",
            "SecondFactorService/StartSecondFactor",
            "SessionsService/EndOtherSessions",
            "SessionsService/EndSession",
            "SessionsService/ListMySessions",
            "SessionsService/SwitchRole",
            "SignInService/StartEsiaStepUp",
            "StaffService/ListMyPosts",
        ),
        Granted("the caller's own: nothing in the request can name anybody else"),
    ),
    "SchoolWatchesService/CountSchoolWatches": [
        Granted("numbers and schools of the region", to=Role.OPERATOR)
    ],
    "SchoolWatchesService/EndSchoolWatch": [Granted("a link that leads nowhere has nothing to forget")],
    **_each(
        ("InboxService/ListNotices", "InboxService/ReadNotices"),
        Granted("a foreign id is only a place in the order of the caller's own notices"),
    ),
    **_each(
        (
            "ConsentsService/GetConsentText",
            "RegionsService/ListRegions",
            "SchoolsService/SearchSchools",
            "SignInService/StartEsiaSignIn",
        ),
        Granted("public, the same for everybody"),
    ),
    "SchoolsService/GetSchool": [Granted("public: title and classes of a school")],
    "AccountRequestsService/SubmitAccountRequest": [
        Granted("anybody may ask any school for an account; the answer is a code", changes=True)
    ],
    "PasswordsService/StartRecovery": [
        Granted("the same answer for every login, also for one that nobody has (A22)")
    ],
    "FamiliesService/RegisterRelation": [
        Granted(
            "a parent of the school's own pupil may be registered at another school",
            to=Role.REGISTRAR,
            naming=frozenset({"guardian_id"}),
            changes=True,
        )
    ],
    "FamiliesService/PlaceCourtLimit": [
        Granted(
            "a court forbids whom it will, a parent of the school's own pupil or not",
            to=Role.REGISTRAR,
            naming=frozenset({"guardian_id"}),
            changes=True,
        )
    ],
    "CasesService/ResolveCase": [
        Granted("the region's operator settles every case", to=Role.OPERATOR, shows=True, changes=True),
        Granted(
            "whose a SNILS is, is looked at only where several claim it",
            to=Role.REGISTRAR,
            naming=frozenset({"person_id"}),
        ),
    ],
    **_each(
        ("BlocksService/BlockAccount", "BlocksService/UnblockAccount"),
        Granted(
            "the region's operator shuts whatever account is in wrong hands", to=Role.OPERATOR, changes=True
        ),
    ),
    **_each(
        (
            "AuditService/ExportAudit",
            "AuditService/VerifyAudit",
            "CasesService/GetCase",
            "CasesService/ListRegionCases",
            "DeliveryService/ListDeliveries",
            "RegisterService/ListRefusals",
            "RegisterService/SearchRegionPeople",
        ),
        Granted("the region's operator answers for the whole record", to=Role.OPERATOR, shows=True),
    ),
    "RegisterService/CountUnknownRefusals": [Granted("counts by day and reason name nobody and no school")],
    **_each(
        ("BlocksService/BlockAccount", "BlocksService/UnblockAccount"),
        Granted("the region's operator shuts whatever account", to=Role.OPERATOR, changes=True),
    ),
    **_each(
        ("StaffService/ListStaff", "StaffService/FindStaffCandidates"),
        Granted("the region's operator gives roles at every school", to=Role.OPERATOR, shows=True),
    ),
    **{
        f"StaffService/{verb}": [
            Granted(
                "the region's operator gives roles at every school",
                to=Role.OPERATOR,
                shows=True,
                changes=True,
            ),
            Granted(
                "a school employs whoever is registered anywhere; their id is found by name and birth date",
                to=Role.SCHOOL_ADMINISTRATOR,
                naming=frozenset({"person_id"}),
                shows=True,
                changes=True,
            ),
        ]
        for verb in ("GetStaffMember", "GrantStaffRole", "RevokeStaffRole")
    },
}

NOT_CALLED = {
    "LiveService/WatchNotices": "a stream that the gateway opens for the person of the token; it takes no id",
}
"""RPCs that the sweep leaves out, and why."""

PAST_THE_GATE = {
    "EsiaChildrenService/RefuseProposal": "PROPOSAL_DECIDED",
    "CasesService/ResolveCase": "CASE_CLOSED",
    "CorrectionsService/RefuseCorrection": "CORRECTION_DECIDED",
    "CorrectionsService/WithdrawCorrection": "CORRECTION_DECIDED",
    "FamiliesService/RegisterRelation": "RELATION_EXISTS",
    "IssuingService/IssueCredentials": "REQUEST_NOT_ACCEPTED",
    "MarksService/RemoveMark": "STALE_MARK",
}
"""Why also those to whom the family belongs are refused, by what no stranger comes to hear."""

DUE_TO_NOBODY = {
    "BindingService/ConfirmBinding": "whose browser it is decides; the id only says whom the page has named",
    "DelegationsService/RefuseInvitation": "it has been accepted, and left, by the calls before",
    "SchoolWatchesService/WatchSchool": "every school here is connected: nobody waits for one",
    "DirectoryService/MayPersonSeePupil": "a service's own token decides; no person is let in",
    "DirectoryService/ResolvePerson": "a service's own token decides; no person is let in",
    "DirectoryService/WhoMaySeePupil": "a service's own token decides; no person is let in",
}
"""RPCs whose generated request is nobody's right when it is made, and why."""
