"""The calibration of the canary scan: it finds what was planted, and the run fails by it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import canary
from tests.support.canary import Canaries, look_at_files, plant_people

ROOT = Path(__file__).parents[2]
INNER = """
from tests.support.canary import CANARIES

def test_a_service_is_careless():
    CANARIES.plant("password", "correct horse battery")
    print('{{"event": "call", "reason": "{said}"}}')
"""


@pytest.fixture
def canaries() -> Canaries:
    return Canaries()


@pytest.mark.parametrize(
    ("what", "secret", "line"),
    [
        ("password", "correct horse battery", '{"event": "call", "error": "correct horse battery"}'),
        ("code", "493817", '{"event": "call", "path": "/confirm?code=493817"}'),
        ("SNILS", "11223344595", "reason='11223344595' component=server"),
        ("link", "q3-Zx_9LmN2", "GET https://77.diary.test/confirm/q3-Zx_9LmN2 200"),
        ("e-mail address", "зоя@школа.рф", "to=зоя@школа.рф"),
    ],
)
def test_what_was_planted_is_found(canaries: Canaries, what: str, secret: str, line: str) -> None:
    canaries.plant(what, secret)
    canaries.look("a log", line)

    assert f"a planted {what}" in {finding.what for finding in canaries.findings}


@pytest.mark.parametrize(
    "line",
    ["snils 112-233-445 95", "112-233-445-95", "+7 (916) 123-45-67", "+79161234567", "zoya.k@example.ru"],
)
def test_what_looks_like_somebody_is_found_unplanted(canaries: Canaries, line: str) -> None:
    canaries.look("a log", f'{{"event": "call", "error": "{line}"}}')

    assert len(canaries.findings) == 1


@pytest.mark.parametrize(
    "line",
    [
        "2026-09-01T08:00:00.493817Z call",
        "[493817] 2026/09/01 08:00:00.493817 [INF] Server is ready",
        '{"timestamp": "2026-09-01 08:00:00.493817+00:00", "ms": 4.93}',
        "id 01890000-4938-7817-8000-000049381700",
        "4938170 and 0493817",
        "postgresql+asyncpg://identity@/identity?host=/tmp",
        "nats://diary:secret@127.0.0.1:4222",
        "+7916",
    ],
)
def test_what_only_resembles_is_let_be(canaries: Canaries, line: str) -> None:
    """A scan that cries for nothing is switched off one day."""
    canaries.plant("code", "493817")
    canaries.look("a log", line)

    assert not canaries.findings


def test_what_is_too_short_to_be_told_from_others_is_not_planted(canaries: Canaries) -> None:
    canaries.plant("password", "x")
    canaries.look("a log", "x marks the spot")

    assert not canaries.findings


def test_a_finding_does_not_repeat_the_secret(canaries: Canaries) -> None:
    canaries.plant("password", "correct horse battery")
    canaries.look("a log", "correct horse battery")

    assert "horse" not in repr(canaries)[: repr(canaries).index("_by_word")]


def test_log_files_of_processes_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = Canaries()
    monkeypatch.setattr("tests.support.canary.CANARIES", own)
    plant_people({"people": [{"password": "correct horse battery", "snils": "112-233-445 95"}]})
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "identity.log").write_text('{"error": "11223344595"}\n')
    (tmp_path / "log").write_text('{"error": "correct horse battery"}\n')
    look_at_files(tmp_path)

    assert len(own.findings) == 2
    (tmp_path / "log").unlink()  # the run's own scan comes here, too
    (tmp_path / "logs" / "identity.log").unlink()


@pytest.mark.parametrize(("said", "status"), [("correct horse battery", 1), ("WRONG_CREDENTIALS", 0)])
def test_a_run_fails_by_a_finding_although_every_test_passed(tmp_path: Path, said: str, status: int) -> None:
    (tmp_path / "test_inner.py").write_text(INNER.format(said=said))
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "tests.support.canary",
            "-p",
            "no:cacheprovider",
            tmp_path,
        ],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": f"{ROOT}:{ROOT / 'proto/gen'}"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == status, done.stdout
    assert "1 passed" in done.stdout
    assert ("CANARIES" in done.stdout) == bool(status)
    assert "horse" not in done.stdout


@pytest.mark.parametrize(
    ("link", "secret"),
    [
        ("https://77.diary.test/confirm-email/q3-Zx_9LmN2bV7cK1pR4sT", True),
        ("https://77.diary.test/sign-in", False),
    ],
)
def test_a_link_is_a_secret_by_its_end_alone(
    monkeypatch: pytest.MonkeyPatch, link: str, secret: bool
) -> None:
    """Where a link leads to a page of everybody, its end is in every log."""
    own = Canaries()
    monkeypatch.setattr(canary, "CANARIES", own)
    canary._sealed_for_notifications(json.dumps({"to": "", "values": {"link": link}}).encode())

    own.look("a log", f"GET {link} 200")

    assert bool(own.findings) is secret
