"""Coming in: through ESIA, or with the login and password that the school issued."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from services.identity.accounts.usecases import Accounts
from services.identity.binding.rules.assurance import Level
from services.identity.binding.rules.matching import Profile
from services.identity.binding.usecases.admission import Refused
from services.identity.binding.usecases.entering import Bindings, PasswordAwaited
from services.identity.devices.usecases import Devices
from services.identity.digests import digest_of
from services.identity.esia import (
    EsiaClient,
    EsiaProfile,
)
from services.identity.links import storage as links
from services.identity.links.rules import TIME_TO_FINISH, Provider, SignInUnknown, StepUp
from services.identity.links.storage import Link
from services.identity.people.rules import FullName, Snils
from services.identity.regions.rules import Directory, Region
from services.identity.sessions.rules import Door
from services.identity.sessions.usecases import Sessions, SignedIn
from services.identity.sign_in.asking import asking_esia
from services.identity.sign_in.rules import (
    EsiaCodeRefused,
    EsiaDown,
    EsiaProofTooOld,
)
from services.kit.caller import Caller
from services.kit.clock import Clock
from services.kit.database import Database
from services.kit.ids import new_id
from services.kit.log import get_logger
from services.kit.rpc.policy import RECENT

_KEY_BYTES = 32

_logger = get_logger("sign_in")


@dataclass(frozen=True, slots=True)
class Started:
    """Where the browser goes, and what it must bring back."""

    authorization_url: str = field(repr=False)
    browser_key: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Redirect:
    """What ESIA's redirect brought, and the key of the browser that it came by."""

    state: str = field(repr=False)
    code: str = field(repr=False)
    error: str
    error_description: str
    browser_key: str = field(repr=False)


class SignIns:
    """The doors."""

    def __init__(
        self,
        database: Database,
        *,
        directory: Directory,
        esia: EsiaClient,
        accounts: Accounts,
        bindings: Bindings,
        sessions: Sessions,
        devices: Devices,
        provider: Provider,
        clock: Clock,
    ) -> None:
        self._database = database
        self._directory = directory
        self._esia = esia
        self._accounts = accounts
        self._bindings = bindings
        self._sessions = sessions
        self._devices = devices
        self._provider = provider
        self._clock = clock

    async def start(self, region_code: str) -> Started:
        """Begin a sign-in through ESIA.

        Raises:
            UnknownRegion, RegionElsewhere, EsiaClosed: the region has no such door here.
            EsiaDown: ESIA is known to be down, or the request cannot be signed.
        """
        return await self._begin(self._directory.require_esia_door(region_code), None)

    async def start_step_up(self, caller: Caller) -> Started:
        """Begin a step-up of the caller's session through ESIA.

        Raises:
            NotBound: no profile is bound to the account.
            EsiaClosed: the region has no such door.
            EsiaDown: as `start`.
        """
        region = self._directory.require_esia_door(self._directory.here.code)
        return await self._begin(region, await self._bindings.step_up_of(caller))

    async def _begin(self, region: Region, step_up: StepUp | None) -> Started:
        if not self._esia.available:
            raise EsiaDown
        state = UUID(bytes=secrets.token_bytes(16))  # 128 bits, in the form that ESIA demands
        browser_key = secrets.token_urlsafe(_KEY_BYTES)
        async with asking_esia():
            url = await self._esia.authorization_url(state, code_verifier=_code_verifier(browser_key))
        now = self._clock.now()
        provider = Provider(region.code, self._provider.issuer)
        link = Link(new_id(), now + TIME_TO_FINISH, now, provider, step_up=step_up)
        async with self._database.read() as connection:
            await links.insert_link(
                connection,
                link,
                state_digest=digest_of(str(state)),
                browser_digest=digest_of(browser_key),
            )
        return Started(url, browser_key, link.expires_at)

    async def complete(self, redirect: Redirect) -> SignedIn | PasswordAwaited:
        """End a sign-in through ESIA with what its redirect brought back.

        The state is used up first; then ESIA is asked, while nothing is locked; then one transaction decides.

        Raises:
            SignInUnknown: the state is unknown, used, expired, or another browser's (A1, A2).
            EsiaRefused, EsiaCodeRefused, EsiaLevelTooLow, EsiaDown: ESIA gives no profile.
            BindingRefused, AccountBlocked: the profile may not enter.
            EsiaProofTooOld, SessionEnded: a step-up shows nothing, or nobody.
        """
        async with self._database.read() as connection:
            link = await links.take_state(
                connection,
                state_digest=digest_of(redirect.state),
                browser_digest=digest_of(redirect.browser_key),
                now=self._clock.now(),
            )
        if link is None:
            raise SignInUnknown
        profile, shown_at = await self._profile(redirect)
        if link.step_up is not None and not self._is_recent(shown_at):
            raise EsiaProofTooOld(esia_logout_url=self._esia.logout_url())
        link = replace(link, shown_at=shown_at)
        async with self._database.transaction() as tx:
            outcome = await self._bindings.enter(tx, link, profile)
            if isinstance(outcome, SignedIn) and link.step_up is None:
                await self._devices.entered(tx, outcome.person.id)
        if isinstance(outcome, Refused):
            raise outcome.error
        return outcome

    def _is_recent(self, shown_at: datetime | None) -> bool:
        """Whether somebody has shown lately at ESIA who they are; when it does not tell, nobody has."""
        return shown_at is not None and self._clock.now() - shown_at <= RECENT

    async def with_password(self, login: str, password: str) -> SignedIn:
        """Sign in with the school-issued login and password. Raises as `Accounts.prove`."""
        account = await self._accounts.prove(login, password)
        async with self._database.transaction() as tx:
            await self._accounts.require_unchanged(tx, account)
            tokens = await self._sessions.begin(tx, account.id, account.person, Door.PASSWORD)
            await self._devices.entered(tx, account.person.id)
        return SignedIn(tokens, account.person)

    async def _profile(self, redirect: Redirect) -> tuple[Profile, datetime | None]:
        """The profile, and when its person signed in at ESIA: there that may have been hours ago (R19)."""
        said = {"state": redirect.state}
        if redirect.error:
            said |= {"error": redirect.error, "error_description": redirect.error_description}
        elif redirect.code:
            said["code"] = redirect.code
        else:
            raise EsiaCodeRefused
        async with asking_esia():
            code = self._esia.code_of(said, state=redirect.state)
            tokens = await self._esia.exchange(code, code_verifier=_code_verifier(redirect.browser_key))
            shown_at = tokens.identity.authenticated_at if tokens.identity else None
            return _profile_of(await self._esia.person(tokens)), shown_at


def _profile_of(esia: EsiaProfile) -> Profile:
    name = FullName(esia.surname, esia.given_name, esia.patronymic or "")
    snils = Snils(esia.snils) if esia.snils else None
    # ESIA always tells the status; where it should not, nothing is concluded from its silence.
    closed = esia.status not in {None, "REGISTERED"}
    return Profile(str(esia.oid), name, esia.birth_date, snils, Level(esia.level), closed=closed)


def _code_verifier(browser_key: str) -> str:
    """A PKCE verifier (RFC 7636) that needs no place to be kept: only this browser can bring it back."""
    digest = hashlib.sha256(b"pkce\0" + browser_key.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
