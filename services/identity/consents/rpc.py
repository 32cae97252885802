"""`ConsentsService` on the wire."""

from __future__ import annotations

from school.identity.v1 import consents_pb2, consents_pb2_grpc
from services.identity.consents.rules import Recorded
from services.identity.consents.usecases import Consents, Shown
from services.kit.caller import caller
from services.kit.rpc.around import Context
from services.kit.rpc.parse import uuid_of


class ConsentsRpc(consents_pb2_grpc.ConsentsServiceServicer):
    """The registry of consents."""

    def __init__(self, consents: Consents) -> None:
        self._consents = consents

    async def ListMyConsents(
        self, request: consents_pb2.ListMyConsentsRequest, context: Context
    ) -> consents_pb2.ListMyConsentsResponse:
        """What can be consented to, and what was."""
        texts, given = await self._consents.mine(caller())
        return consents_pb2.ListMyConsentsResponse(
            texts=[_text(text) for text in texts], consents=[_consent(one) for one in given]
        )

    async def GetConsentText(
        self, request: consents_pb2.GetConsentTextRequest, context: Context
    ) -> consents_pb2.GetConsentTextResponse:
        """A text as it was consented to."""
        return consents_pb2.GetConsentTextResponse(text=_text(await self._consents.text(request.text_id)))

    async def GiveConsent(
        self, request: consents_pb2.GiveConsentRequest, context: Context
    ) -> consents_pb2.GiveConsentResponse:
        """The consent now given."""
        subject_id = uuid_of(request.subject_id, "subject_id") if request.subject_id else None
        given = await self._consents.give(caller(), request.text_id, subject_id=subject_id)
        return consents_pb2.GiveConsentResponse(consent=_consent(given))

    async def WithdrawConsent(
        self, request: consents_pb2.WithdrawConsentRequest, context: Context
    ) -> consents_pb2.WithdrawConsentResponse:
        """The consent as it is now, and what it did to the caller's account."""
        consent_id = uuid_of(request.consent_id, "consent_id")
        withdrawn, closed = await self._consents.withdraw(caller(), consent_id)
        return consents_pb2.WithdrawConsentResponse(consent=_consent(withdrawn), account_closed=closed)


def _text(recorded: Recorded) -> consents_pb2.ConsentText:
    text = recorded.text
    message = consents_pb2.ConsentText(
        text_id=text.id,
        purpose=consents_pb2.ConsentPurpose.Value(f"CONSENT_PURPOSE_{text.purpose}"),
        version=text.version,
        wording=text.wording,
        consequence=text.consequence,
    )
    message.in_force_since.FromDatetime(recorded.since)
    return message


def _consent(shown: Shown) -> consents_pb2.Consent:
    consent = shown.consent
    message = consents_pb2.Consent(
        consent_id=str(consent.id),
        text_id=consent.text_id,
        purpose=consents_pb2.ConsentPurpose.Value(f"CONSENT_PURPOSE_{consent.purpose}"),
        giver_id=str(consent.giver_id),
        subject_id=str(consent.subject_id),
        subject_name=shown.subject.display,
        on_paper=consent.on_paper,
    )
    message.given_at.FromDatetime(consent.given_at)
    if consent.withdrawn_at is not None:
        message.withdrawn_at.FromDatetime(consent.withdrawn_at)
    return message
