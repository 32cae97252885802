"""A phone with an app for codes, and the second factor of who holds it."""

from __future__ import annotations

from dataclasses import dataclass, field

import grpc
import pyotp

from school.identity.v1 import second_factor_pb2 as messages
from school.identity.v1 import second_factor_pb2_grpc, sessions_pb2
from services.kit.clock import Clock

_DEADLINE = 20.0


@dataclass
class Authenticator:
    """The app, by its secret; and the recovery codes on a slip of paper."""

    secret: str
    clock: Clock
    recovery_codes: list[str] = field(default_factory=list)

    def code(self, *, steps_aside: int = 0) -> str:
        """The code now, or that of half minutes before (negative) or after."""
        return pyotp.TOTP(self.secret).at(self.clock.now(), counter_offset=steps_aside)


class Factor:
    """`SecondFactorService` as one session calls it."""

    def __init__(self, channel: grpc.aio.Channel, clock: Clock, session: sessions_pb2.Session) -> None:
        self.stub = second_factor_pb2_grpc.SecondFactorServiceStub(channel)
        self._clock = clock
        self._metadata = (("authorization", f"Bearer {session.access_token}"),)

    async def get(self) -> messages.GetSecondFactorResponse:
        """What the person has."""
        call = messages.GetSecondFactorRequest()
        return await self.stub.GetSecondFactor(call, timeout=_DEADLINE, metadata=self._metadata)

    async def start(self) -> Authenticator:
        """Begin to enrol."""
        call = messages.StartSecondFactorRequest()
        begun = await self.stub.StartSecondFactor(call, timeout=_DEADLINE, metadata=self._metadata)
        return Authenticator(begun.secret, self._clock)

    async def confirm(self, code: str) -> messages.ConfirmSecondFactorResponse:
        """End the enrolment."""
        call = messages.ConfirmSecondFactorRequest(code=code)
        return await self.stub.ConfirmSecondFactor(call, timeout=_DEADLINE, metadata=self._metadata)

    async def enrol(self) -> tuple[Authenticator, sessions_pb2.Session]:
        """The whole enrolment; the session is empty when the caller's goes on."""
        app = await self.start()
        confirmed = await self.confirm(app.code())
        app.recovery_codes.extend(confirmed.recovery_codes)
        return app, confirmed.session

    async def prove(self, code: str) -> sessions_pb2.Session:
        """Give a code; the whole session."""
        call = messages.ProveSecondFactorRequest(code=code)
        reply = await self.stub.ProveSecondFactor(call, timeout=_DEADLINE, metadata=self._metadata)
        return reply.session

    async def new_recovery_codes(self) -> list[str]:
        """New recovery codes."""
        call = messages.NewRecoveryCodesRequest()
        reply = await self.stub.NewRecoveryCodes(call, timeout=_DEADLINE, metadata=self._metadata)
        return list(reply.recovery_codes)

    async def remove(self) -> None:
        """Remove it."""
        call = messages.RemoveSecondFactorRequest()
        await self.stub.RemoveSecondFactor(call, timeout=_DEADLINE, metadata=self._metadata)
