"""``systems.toml`` and ``people.toml``: what is read, how fast, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import orjson
import pytest

from deploy.local.esia import cli
from deploy.local.esia.keys import ensure_pair
from deploy.local.esia.people import People, Person, read_people
from deploy.local.esia.shelf import Shelf
from deploy.local.esia.systems import read_systems

_EXAMPLES = Path(cli.__file__).parent / "examples"


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    """The examples with the certificate they speak of."""
    copy = Path(shutil.copytree(_EXAMPLES, tmp_path / "examples"))
    ensure_pair(copy, "DIARY77", "GOST", "DIARY77")
    return copy


def test_the_examples_can_be_used_as_they_are(examples: Path) -> None:
    registry, people = read_systems(examples / "systems.toml"), read_people(examples / "people.toml")
    system = registry.system("DIARY77")
    assert system is not None
    assert [len(hashed) for hashed in system.trusted] == [64]
    assert [person.login for person in people.featured] == ["ivanova", "petrov"]
    assert people.by_login("IVANOVA ") is people.by_oid(1000000001)


def test_the_same_people_may_be_json(tmp_path: Path) -> None:
    person = Person(login="a", password="b", oid=1, surname="Ё", birth_date="2010-02-28", snils="1" * 11)
    file = tmp_path / "people.json"
    file.write_bytes(orjson.dumps({"people": [person.model_dump(mode="json")]}))
    assert read_people(file).by_oid(1) == person


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[people]]\nlogin = 'a'\npassword = 'b'", "oid"),
        ("[[people]]\nlogin = 'a'\npassword = 'b'\noid = 1\nsnils = '123'", "snils"),
        ("[[people]]\nlogin = 'a'\npassword = 'b'\noid = 1\nlevel = 'high'", "level"),
        ("[[people]]\nlogin = 'a'\npassword = 'b'\noid = 1\nfirst_name = 'x'", "first_name"),
        ("[[persons]]\nlogin = 'a'", "persons"),
        ("login = ", "Invalid value"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "people.toml"
    file.write_text(text)
    with pytest.raises(ValueError, match=told) as refused:
        read_people(file)
    said = str(refused.value)
    assert said.startswith(f"{file}: ")
    assert "\n" not in said


def test_what_was_written_in_a_wrong_place_is_not_repeated(tmp_path: Path) -> None:
    """It may be a password."""
    file = tmp_path / "people.toml"
    file.write_text("[[people]]\nlogin = 'a'\npassword = 'b'\noid = 'secret-b'")
    with pytest.raises(ValueError, match=r"people\.0\.oid") as refused:
        read_people(file)
    assert "secret-b" not in str(refused.value)


@pytest.mark.parametrize("other", [{"login": "A"}, {"oid": 1}])
def test_no_two_accounts_share_a_login_or_an_oid(other: dict[str, object]) -> None:
    first = Person(login="a", password="b", oid=1)
    second = Person.model_validate({"login": "c", "password": "b", "oid": 2} | other)
    with pytest.raises(ValueError, match="share"):
        People([first, second])


def test_an_unreadable_certificate_is_told_at_the_start(examples: Path) -> None:
    (examples / "DIARY77.cer").write_bytes(b"nonsense")
    with pytest.raises(ValueError, match=r"DIARY77\.cer: "):
        read_systems(examples / "systems.toml")


def test_a_missing_certificate_is_told_with_the_command_that_makes_one(
    examples: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (examples / "DIARY77.cer").unlink()
    assert cli.main(["--systems", str(examples / "systems.toml")]) == 2
    assert f"mesh esia-keys --name DIARY77 --folder {examples}" in capsys.readouterr().err


def test_the_command_says_what_it_cannot_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--systems", str(tmp_path / "none.toml")]) == 2
    assert "none.toml" in capsys.readouterr().err


@pytest.mark.parametrize(("host", "loopback"), [("127.0.0.1", True), ("::1", True), ("0.0.0.0", False)])  # noqa: S104 - only asked about
def test_the_switchboard_is_open_on_loopback_alone(host: str, *, loopback: bool) -> None:
    assert cli.is_loopback(host) is loopback


def test_a_shelf_forgets_in_time_and_keeps_no_more_than_it_may() -> None:
    now = 0.0
    shelf: Shelf[str] = Shelf(10, lambda: now, most=2)
    for name in ("a", "b", "c"):
        shelf.put(name, name)
    assert [shelf.get(name) for name in ("a", "b", "c")] == [None, "b", "c"]
    assert (shelf.take("b"), shelf.take("b")) == ("b", None)
    now = 10.0
    assert shelf.get("c") is None
