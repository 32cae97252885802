"""Any sequence of renames, changes and recoveries: never a second rename, never a code that works twice."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.support.clock import MovableClock
from tests.support.holder import PASSWORD, Holder, holder, outcome
from tests.support.identity import Town

T = TypeVar("T")
WORDS = ("Жёлтый-автобус-ждёт-57", "Старый-фонарь-горит-83", "Белый-пароход-плывёт-26", PASSWORD)


class Credentials(RuleBasedStateMachine):
    """The service, and beside it what must be true of it."""

    here: Town
    clock: MovableClock
    loop: asyncio.AbstractEventLoop

    sent = Bundle("sent")
    """What was sent: the arguments of `Holder.recover`."""
    used = Bundle("used")

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=60)

    @initialize()
    def registered(self) -> None:
        # Waits are another matter, and have tests of their own: each run begins after all of them.
        self.clock.move(days=8)
        self.person: Holder = self.do(holder(self.here))
        self.password = PASSWORD
        self.renames = 0
        self.logins = [self.person.login]

    @rule(number=st.integers(0, 9))
    def rename(self, number: int) -> None:
        wish = f"{self.logins[0]}.{'abcdefghjk'[number]}"
        session = self.do(self.person.enter(self.password, login=self.logins[-1]))
        answer = self.do(outcome(self.person.rename(session, wish)))

        assert answer == ("LOGIN_RENAMED_BEFORE" if self.renames else "ok")
        if answer == "ok":
            self.renames += 1
            self.logins.append(wish)

    @rule(word=st.sampled_from(WORDS))
    def change(self, word: str) -> None:
        session = self.do(self.person.enter(self.password, login=self.logins[-1]))
        answer = self.do(outcome(self.person.change(session, word)))

        assert answer == ("BAD_PASSWORD" if word == self.password else "ok")
        if answer == "ok":
            self.password = word
            self.live: set[str] = set()

    @rule(target=sent, by_mobile=st.booleans())
    def forget(self, by_mobile: bool) -> dict[str, str]:
        self.clock.move(hours=4)  # the pace at which a forgotten password may be forgotten again
        started = self.do(self.person.forget(by_mobile=by_mobile, login=self.logins[-1]))
        self.live = {each for each in getattr(self, "live", set()) if not each.startswith(f"{by_mobile}")}
        if by_mobile:
            proof = {"key": started.recovery_key, "code": self.do(self.person.last_code())}
        else:
            proof = {"token": self.do(self.person.last_token())}
        # Four hours are more than a code's ten minutes, and less than a link's day.
        self.live = {each for each in self.live if each.startswith("False")} | {name(by_mobile, proof)}
        return proof

    @rule(proof=sent, word=st.sampled_from(WORDS))
    def recover(self, proof: dict[str, str], word: str) -> None:
        self.complete(proof, word)

    @rule(target=used, proof=consumes(sent), word=st.sampled_from(WORDS))
    def recover_and_keep(self, proof: dict[str, str], word: str) -> dict[str, str]:
        self.complete(proof, word)
        return proof

    @rule(proof=used, word=st.sampled_from(WORDS))
    def recover_again(self, proof: dict[str, str], word: str) -> None:
        self.complete(proof, word)

    def complete(self, proof: dict[str, str], word: str) -> None:
        live = name("code" in proof, proof) in getattr(self, "live", set())
        answer = self.do(outcome(self.person.recover(word, device=None, **proof)))
        if not live:
            assert answer == "RECOVERY_UNKNOWN"
        elif word == self.password:
            assert answer == "BAD_PASSWORD"
        else:
            assert answer == "ok"
            self.password = word
            self.live = set()

    @rule()
    def wait(self) -> None:
        self.clock.move(hours=25)
        self.live = set()

    @invariant()
    def only_the_last_login_and_password_open(self) -> None:
        if not hasattr(self, "person"):
            return
        assert self.do(outcome(self.person.enter(self.password, login=self.logins[-1]))) == "ok"
        if self.renames:
            answer = self.do(outcome(self.person.enter(self.password, login=self.logins[0])))
            assert answer in {"WRONG_CREDENTIALS", "TOO_MANY_ATTEMPTS"}

    @invariant()
    def a_login_is_renamed_at_most_once(self) -> None:
        assert getattr(self, "renames", 0) <= 1


def name(by_mobile: bool, proof: dict[str, str]) -> str:
    """By what a proof that still works is known."""
    return f"{by_mobile}:{sorted(proof.items())}"


async def test_any_sequence_of_requests(
    here: Town, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R13, R15, A7, A24."""
    monkeypatch.setattr(
        "services.identity.recoveries.usecases.recovering.LEAST_TIME", type(clock.now() - clock.now())(0)
    )
    Credentials.here, Credentials.clock, Credentials.loop = here, clock, asyncio.get_running_loop()
    await asyncio.to_thread(
        run_state_machine_as_test,
        Credentials,
        settings=settings(
            max_examples=12,
            stateful_step_count=12,
            suppress_health_check=list(HealthCheck),
        ),
    )
