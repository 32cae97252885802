"""A service of the region is who its token says, for this service, this region, and minutes (A29, A31)."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from school.access.v1.policy_pb2 import ROLE_OPERATOR
from services.kit.errors import DomainError, TokenExpired, TokenRefused
from services.kit.service_tokens import (
    BadServiceKeys,
    ServiceNotAdmitted,
    ServiceVerifier,
    service_token,
)
from tests.support.clock import MovableClock
from tests.support.keys import REGION, make_keys
from tests.support.other_services import ALL, Service, new_service, write_down

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Desk:
    """A verifier that knows the canteen."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.canteen = new_service(folder, "canteen", ALL[:1])
        self.file = write_down(folder / "services.json", self.canteen)
        self.clock = MovableClock(NOW)
        self.verifier = ServiceVerifier(self.file, region=REGION, service="identity", clock=self.clock)

    def refused(self, token: str) -> type[DomainError]:
        """How a token is refused."""
        with pytest.raises(DomainError) as refusal:
            self.verifier.verify(token)
        return type(refusal.value)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_known_service_is_known_by_its_own_key(desk: Desk) -> None:
    assert desk.verifier.verify(desk.canteen.token(now=NOW)).name == "canteen"


def test_the_example_for_services_makes_a_good_token(desk: Desk) -> None:
    token = service_token(desk.canteen.private, name="canteen", region=REGION, to="identity", now=NOW)
    assert desk.verifier.verify(token).name == "canteen"


def test_it_may_call_what_is_named_for_it_and_nothing_else(desk: Desk) -> None:
    canteen = desk.verifier.verify(desk.canteen.token(now=NOW))
    canteen.require(ALL[0])
    with pytest.raises(ServiceNotAdmitted):
        canteen.require(ALL[1])


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "diary-mesh/50/identity"},
        {"aud": f"diary-mesh/{REGION}/diary"},
        {"aud": f"diary-mesh/{REGION}"},
        {"aud": [f"diary-mesh/{REGION}/identity", "diary-mesh/50/identity"]},
        {"aud": None},
        {"iss": "library"},
        {"iss": None},
        {"sub": "library"},
        {"sub": None},
        {"exp": None},
        {"iat": None},
        {"iat": "yesterday"},
        {"exp": 10**20},
    ],
    ids=str,
)
def test_what_a_token_says_must_be_right(desk: Desk, claims: dict[str, Any]) -> None:
    assert desk.refused(desk.canteen.token(now=NOW, **claims)) is TokenRefused


def test_a_token_of_another_region_is_refused(desk: Desk) -> None:
    """A31: the same service, the same key, the neighbour's audience."""
    assert desk.refused(desk.canteen.token(now=NOW, region="50")) is TokenRefused


def test_another_key_under_the_same_name_is_refused(desk: Desk, tmp_path: Path) -> None:
    other = new_service(tmp_path, "thief")
    stolen = Service("canteen", ALL, other.private | {"kid": desk.canteen.private["kid"]})
    assert desk.refused(stolen.token(now=NOW)) is TokenRefused


def test_a_service_cannot_call_as_another(desk: Desk, tmp_path: Path) -> None:
    """Each name has its own keys: a good key of the library makes nobody the canteen."""
    library = new_service(tmp_path, "library")
    write_down(desk.file, desk.canteen, library)
    desk.clock.move(seconds=2)
    assert desk.verifier.verify(library.token(now=NOW)).name == "library"
    assert desk.refused(replace(library, name="canteen").token(now=NOW)) is TokenRefused


def test_an_access_token_of_a_person_is_no_token_of_a_service(desk: Desk, tmp_path: Path) -> None:
    assert desk.refused(make_keys(tmp_path).token(ROLE_OPERATOR)) is TokenRefused


def test_a_token_that_would_live_longer_than_five_minutes_is_refused(desk: Desk) -> None:
    assert desk.verifier.verify(desk.canteen.token(now=NOW, life=timedelta(minutes=5))).name == "canteen"
    assert desk.refused(desk.canteen.token(now=NOW, life=timedelta(minutes=5, seconds=1))) is TokenRefused


@pytest.mark.parametrize(("seconds", "good"), [(59, True), (61, False)])
def test_clocks_may_differ_by_a_minute_either_way(desk: Desk, seconds: int, good: bool) -> None:
    early = desk.canteen.token(now=NOW + timedelta(seconds=seconds))
    late = desk.canteen.token(now=NOW - timedelta(seconds=seconds), life=timedelta(0))
    if good:
        assert {desk.verifier.verify(token).name for token in (early, late)} == {"canteen"}
    else:
        assert desk.refused(early) is TokenRefused
        assert desk.refused(late) is TokenExpired


@pytest.mark.parametrize("token", ["", "a.b.c", "a.b", "é.b.c", "a" * 3000 + ".b.c", "..", "=.=.="])
def test_what_is_no_token_is_refused(desk: Desk, token: str) -> None:
    assert desk.refused(token) is TokenRefused


def test_without_a_file_nobody_is_known(desk: Desk) -> None:
    nobody = ServiceVerifier(None, region=REGION, service="identity", clock=desk.clock)
    with pytest.raises(TokenRefused):
        nobody.verify(desk.canteen.token(now=NOW))


def test_a_service_is_shut_out_without_a_restart(desk: Desk) -> None:
    token = desk.canteen.token(now=NOW)
    assert desk.verifier.verify(token).name == "canteen"
    write_down(desk.file)
    os.utime(desk.file, ns=(1, 1))
    desk.clock.move(seconds=2)
    assert desk.refused(token) is TokenRefused


@pytest.mark.parametrize(
    "written",
    [
        "",
        "[]",
        '{"services": [{}]}',
        '{"services": [{"name": "Canteen", "rpcs": [], "keys": []}]}',
        '{"services": [{"name": "a", "rpcs": ["ResolvePerson"], "keys": []}]}',
        '{"services": [{"name": "a", "rpcs": [], "keys": [{"kty": "RSA", "kid": "1"}]}]}',
        '{"services": [{"name": "a", "rpcs": [], "keys": []}, {"name": "a", "rpcs": [], "keys": []}]}',
    ],
)
def test_a_wrong_file_stops_the_start(tmp_path: Path, written: str) -> None:
    file = tmp_path / "services.json"
    file.write_text(written)
    with pytest.raises(BadServiceKeys, match=r"services\.json"):
        ServiceVerifier(file, region=REGION, service="identity", clock=MovableClock(NOW))


def test_a_private_key_in_the_file_stops_the_start(desk: Desk) -> None:
    """It is the service's alone; the message does not repeat it."""
    key = desk.canteen.private
    desk.file.write_text(json.dumps({"services": [{"name": "canteen", "rpcs": [], "keys": [key]}]}))
    with pytest.raises(BadServiceKeys) as refusal:
        ServiceVerifier(desk.file, region=REGION, service="identity", clock=desk.clock)
    assert key["d"] not in str(refusal.value)
