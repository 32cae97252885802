"""Any sequence of requests to the running service: what the rules promise holds over gRPC and PostgreSQL.

The model here is written anew and knows nothing of the service's rules: who did what, and which codes and
links are good. The rules alone are tried by many more examples: tests/unit/identity/test_activation.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import grpc
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from school.identity.v1.events_pb2 import MessageKind
from services.kit.rpc.status import refusal
from tests.support.clock import MovableClock
from tests.support.identity import Town
from tests.support.newcomer import PERMANENT, TEMPORARY, Kind, Step, a_mobile, an_email, newcomer

Result = TypeVar("Result")
Call = Callable[[], Awaitable[Result]]


async def test_any_sequence_of_requests_keeps_the_order_and_uses_each_secret_once(
    here: Town, clock: MovableClock
) -> None:
    """A17, A25."""
    loop = asyncio.get_running_loop()

    class Machine(ActivationMachine):
        def __init__(self) -> None:
            super().__init__(here, clock, loop)

    # In a thread, because hypothesis waits where it is; every request runs in the loop of the service.
    await asyncio.to_thread(
        run_state_machine_as_test,
        Machine,
        settings=settings(
            max_examples=8,
            stateful_step_count=25,
            suppress_health_check=list(HealthCheck),
        ),
    )


class ActivationMachine(RuleBasedStateMachine):
    """One person; the model beside them."""

    def __init__(self, town: Town, clock: MovableClock, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self.clock = clock
        self.loop = loop
        self.person = self.run(lambda: newcomer(town))
        self.emails = [an_email() for _ in range(2)]
        self.mobiles = [a_mobile() for _ in range(2)]
        self.done: set[str] = set()
        self.given: tuple[str, str] | None = None
        # Every secret that was sent, and the one that is good.
        self.codes: list[str] = []
        self.links: list[str] = []
        self.good_code: str | None = None
        self.code_until = clock.now()
        self.good_link: str | None = None
        self.wrong = 0

    # --- requests ---

    @rule()
    def confirm_data(self) -> None:
        if self.asked(self.person.confirm_data, {"CONFIRM_DATA", "GIVE_CONTACTS"}):
            self.done.add("data")

    @rule(email=st.integers(0, 1), mobile=st.integers(0, 1))
    def give_contacts(self, email: int, mobile: int) -> None:
        due = {"GIVE_CONTACTS", "SET_PASSWORD", "CONFIRM_CONTACTS"}
        wish = (self.emails[email], self.mobiles[mobile])
        if not self.asked(lambda: self.person.give_contacts(*wish), due):
            return
        before = self.given or ("", "")
        self.given = wish
        if before[0] != wish[0]:
            self.done.discard("email")
            self.good_link = None
        if before[1] != wish[1]:
            self.done.discard("mobile")
            self.good_code = None
        self.hear()

    @rule()
    def set_password(self) -> None:
        if self.asked(self.person.set_password, {"SET_PASSWORD", "CONFIRM_CONTACTS"}):
            self.done.add("password")
            self.hear()

    @rule()
    def send_codes_after_a_minute(self) -> None:
        self.clock.move(seconds=61)
        self.stay_in()
        if self.asked(self.person.send_codes, {"CONFIRM_CONTACTS"}):
            self.hear()

    @rule(which=st.integers(0, 3))
    def give_a_code(self, which: int) -> None:
        """The last one, one before it, or a guess."""
        if self.clock.now() >= self.code_until:
            self.good_code = None
        code = self.codes[-which] if 0 < which <= len(self.codes) else "000000"
        due = self.due()
        confirmed = "mobile" in self.done
        reason = self.reason(lambda: self.person.confirm_mobile(code))
        if confirmed and due in {"CONFIRM_CONTACTS", "FINISH"}:
            assert reason is None
        elif due != "CONFIRM_CONTACTS":
            assert reason in {"STEP_NOT_DUE", "ALREADY_ACTIVE"}
        elif code == self.good_code:
            assert reason is None
            self.done.add("mobile")
            self.good_code = None
        elif self.good_code is None:
            assert reason == "CODE_EXPIRED"
        else:
            assert reason == "WRONG_CODE"
            self.wrong += 1
            if self.wrong == 5:
                self.good_code = None

    @rule(which=st.integers(1, 3))
    def follow_a_link(self, which: int) -> None:
        if which > len(self.links):
            return
        link = self.links[-which]
        reason = self.reason(lambda: self.person.follow(link))
        assert (reason is None) == (link == self.good_link)
        if reason is None:
            self.done.add("email")
            self.good_link = None

    @rule()
    def finish(self) -> None:
        if self.due() != "FINISH":
            reason = self.reason(self.person.finish)
            assert reason in {"STEP_NOT_DUE", "ALREADY_ACTIVE"}
            return
        self.person.session = self.run(self.person.finish)
        self.done.add("end")

    @rule()
    def leave_and_come_back(self) -> None:
        self.stay_in()

    @rule(steps=st.integers(1, 5))
    def go_on_as_one_should(self, steps: int) -> None:
        """Else hardly any sequence would come far."""
        for _ in range(steps):
            match self.due():
                case "CONFIRM_DATA":
                    self.confirm_data()
                case "GIVE_CONTACTS":
                    self.give_contacts(0, 0)
                case "SET_PASSWORD":
                    self.set_password()
                case "CONFIRM_CONTACTS" if self.good_link:
                    self.follow_a_link(1)
                case "CONFIRM_CONTACTS" if self.good_code:
                    self.give_a_code(1)
                case "CONFIRM_CONTACTS":
                    self.send_codes_after_a_minute()
                case "FINISH":
                    self.finish()

    # --- what must hold ---

    @invariant()
    def the_service_says_the_step_that_the_model_knows(self) -> None:
        at = self.run(self.person.standing)
        assert Step.Name(at.next_step).removeprefix("ACTIVATION_STEP_") == self.due()
        if self.given is not None:
            assert (at.email, at.mobile) == self.given
            assert (at.email_confirmed, at.mobile_confirmed) == ("email" in self.done, "mobile" in self.done)

    def due(self) -> str:
        order = [
            ("CONFIRM_DATA", "data" in self.done),
            ("GIVE_CONTACTS", self.given is not None),
            ("SET_PASSWORD", "password" in self.done),
            ("CONFIRM_CONTACTS", {"email", "mobile"} <= self.done),
            ("FINISH", "end" in self.done),
        ]
        return next((step for step, is_done in order if not is_done), "DONE")

    # --- how it is done ---

    def asked(self, call: Call[object], due: set[str]) -> bool:
        """Whether a request was granted, which it must be while one of these steps is due, and only then."""
        now = self.due()
        reason = self.reason(call)
        if now in due:
            # Ten messages a day are the other limit.
            assert reason in {None, "TOO_SOON"}
        else:
            assert reason == ("ALREADY_ACTIVE" if now == "DONE" else "STEP_NOT_DUE")
        return reason is None

    def hear(self) -> None:
        """What came by e-mail and SMS; a new one makes the former one worthless."""
        codes = self.sent(Kind.MESSAGE_KIND_CONFIRM_MOBILE, "code")
        links = self.sent(Kind.MESSAGE_KIND_CONFIRM_EMAIL, "link")
        if len(codes) > len(self.codes):
            self.codes, self.good_code, self.wrong = codes, codes[-1], 0
            self.code_until = self.clock.now() + timedelta(minutes=10)
        if len(links) > len(self.links):
            self.links, self.good_link = links, links[-1]

    def sent(self, kind: MessageKind.ValueType, value: str) -> list[str]:
        return [letter.values[value] for letter in self.run(lambda: self.person.letters(kind))]

    def stay_in(self) -> None:
        password = PERMANENT if "password" in self.done else TEMPORARY
        self.person.session = self.run(lambda: self.person.enter(password))

    def reason(self, call: Call[object]) -> str | None:
        try:
            self.run(call)
        except grpc.aio.AioRpcError as refused:
            return refusal(refused).reason
        return None

    def run(self, call: Call[Result]) -> Result:
        async def awaited() -> Result:
            return await call()

        return asyncio.run_coroutine_threadsafe(awaited(), self.loop).result(60)
