"""A person who has just shown who they are changes their password, or sets the first one."""

from __future__ import annotations

from school.identity.v1.events_pb2 import MessageKind
from services.identity.credentials.usecases import Credentials
from services.identity.recoveries.usecases.recovering import Recoveries
from services.identity.sessions.rules import EndReason
from services.identity.sessions.usecases import Sessions
from services.identity.telling.usecases import Telling
from services.kit.caller import Caller
from services.kit.database import Database


class PasswordChanges:
    """Changes passwords; the policy of the contract has asked for a step-up before."""

    def __init__(
        self,
        database: Database,
        *,
        credentials: Credentials,
        recoveries: Recoveries,
        sessions: Sessions,
        telling: Telling,
    ) -> None:
        self._database = database
        self._credentials = credentials
        self._recoveries = recoveries
        self._sessions = sessions
        self._telling = telling

    async def change(self, caller: Caller, password: str) -> int:
        """Set the caller's password. Links and codes of recoveries are dead, the person is told everywhere.

        Returns:
            How many other sessions ended; the one that calls goes on.

        Raises:
            BadPassword: it breaks rules.
            NoLogin: the account has no login to go with it.
            PasswordMoved: another password was set in the same instant.
        """
        new = await self._credentials.prepare(caller.account_id, password)
        async with self._database.transaction() as tx:
            await self._credentials.set_password(tx, new)
            await self._recoveries.void(tx, caller.account_id)
            ended = await self._sessions.end_all(
                tx, caller.account_id, reason=EndReason.PASSWORD_CHANGED, keep=caller.session_id
            )
            kind = MessageKind.MESSAGE_KIND_PASSWORD_CHANGED
            await self._telling.tell_everywhere(tx, caller.person_id, kind, {})
        return len(ended)
