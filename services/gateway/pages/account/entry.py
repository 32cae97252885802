"""`/account/password` and `/account/login`: what one enters with."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from school.identity.v1.accounts_pb2 import GetMyAccountRequest, RenameLoginRequest
from school.identity.v1.passwords_pb2 import ChangePasswordRequest
from services.gateway.pages.answers import Answers
from services.gateway.pages.passwords.view import differs, password_view
from services.gateway.problems import Problem, Refused

TOLD_BESIDE_PASSWORD = frozenset({"BAD_PASSWORD", "NO_LOGIN"})
TOLD_BESIDE_LOGIN = frozenset({"BAD_LOGIN", "LOGIN_TAKEN", "LOGIN_RENAMED_BEFORE", "NO_LOGIN"})


class EntryPages:
    """The password and the login."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    async def password(self, request: Request) -> Response:
        """The form for a new password."""
        return await self._password(request)

    async def change_password(self, request: Request) -> Response:
        """Set the new password."""
        form = self._answers.door.sessions.form(request)
        new, repeated = str(form.get("new_password", "")), form.get("repeated")
        if differs(new, repeated if repeated is None else str(repeated)):
            return await self._password(request, differ=True)
        try:
            await self._answers.door.services.identity.passwords.ChangePassword(
                ChangePasswordRequest(new_password=new)
            )
        except Refused as refused:
            if refused.reason not in TOLD_BESIDE_PASSWORD:
                raise
            return await self._password(request, problem=refused.problem)
        return self._answers.see_other("/account?done=password")

    async def login(self, request: Request) -> Response:
        """The form for a new login, while one may be chosen."""
        return await self._login(request)

    async def rename(self, request: Request) -> Response:
        """Change the login, once and for all."""
        wish = str(self._answers.door.sessions.form(request).get("login", ""))
        try:
            await self._answers.door.services.identity.accounts.RenameLogin(RenameLoginRequest(login=wish))
        except Refused as refused:
            if refused.reason not in TOLD_BESIDE_LOGIN:
                raise
            return await self._login(request, wish=wish, problem=refused.problem)
        return self._answers.see_other("/account?done=login")

    async def _password(
        self, request: Request, *, problem: Problem | None = None, differ: bool = False
    ) -> Response:
        frame, account = await asyncio.gather(
            self._answers.frame(request, "/account/password"),
            self._answers.door.services.identity.accounts.GetMyAccount(GetMyAccountRequest()),
        )
        return self._answers.html(
            "account/password.html",
            frame,
            status=problem.status if problem else 422 if differ else 200,
            login=account.login,
            problem=problem,
            password=password_view(problem=problem, differ=differ),
        )

    async def _login(self, request: Request, *, wish: str = "", problem: Problem | None = None) -> Response:
        frame, account = await asyncio.gather(
            self._answers.frame(request, "/account/login"),
            self._answers.door.services.identity.accounts.GetMyAccount(GetMyAccountRequest()),
        )
        return self._answers.html(
            "account/login.html",
            frame,
            status=problem.status if problem else 200,
            account=account,
            wish=wish[:100],
            problem=problem,
        )
