"""Nothing that people read is missing in a language, and nothing is kept that nobody reads."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Message

import services
from services.gateway.edge.languages import LANGUAGES
from services.gateway.pages.language import Speech, read_catalogue
from services.kit.errors import DomainError
from services.kit.rpc.status import _UNEXPLAINED

ROOT = Path(__file__).parents[4]
PAGES = ROOT / "services" / "gateway" / "pages"
KEY = re.compile(r"""["']((?:\w+\.)+\w+)["']""")
NAMED = re.compile(r"%\((\w+)\)s")
REASON = re.compile(r"\b[A-Z]+(?:_[A-Z]+)+\b")
NOT_REASONS = re.compile(r"ROLE_UNSPECIFIED|NOTICE_KIND_|RELATION_KIND_|BINDING_ROAD_")


def messages(language: str) -> dict[str, Message]:
    return {
        (message.id if isinstance(message.id, str) else message.id[0]): message
        for message in read_catalogue(language)
        if message.id
    }


def texts(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def keys_in_sources() -> set[str]:
    """Every quoted word with a dot in templates and handlers: keys among them."""
    sources = [*PAGES.rglob("*.html"), *PAGES.rglob("*.py")]
    return {key for source in sources for key in KEY.findall(source.read_text())}


def reasons_of_contracts() -> set[str]:
    contracts = "\n".join(path.read_text() for path in (ROOT / "proto" / "school").rglob("*.proto"))
    comments = re.findall(r"//(.*)", contracts)
    found = set(REASON.findall("\n".join(comments)))
    return {reason for reason in found if not NOT_REASONS.match(reason)}


def domain_errors(kind: type[DomainError] = DomainError) -> Iterator[type[DomainError]]:
    for child in kind.__subclasses__():
        yield child
        yield from domain_errors(child)


def reasons_of_services() -> set[str]:
    for module in pkgutil.walk_packages(services.__path__, "services."):
        if "migrations" not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return {
        error.reason
        for error in domain_errors()
        if error.__module__.startswith("services.") and "reason" in vars(error)
    }


def reasons_of_calls() -> set[str]:
    """Of calls that failed without a word of why."""
    return {reason for reason, _ in _UNEXPLAINED.values()}


def test_every_key_is_in_both_languages() -> None:
    russian, english = (set(messages(language)) for language in LANGUAGES)

    assert russian == english


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty(language: str) -> None:
    assert [key for key, message in messages(language).items() if not all(texts(message))] == []


def test_plurals_have_all_the_forms_of_their_language() -> None:
    russian, english = (messages(language) for language in LANGUAGES)
    plural = [key for key, message in russian.items() if message.pluralizable]

    assert plural
    assert {len(texts(russian[key])) for key in plural} == {3}
    assert {len(texts(english[key])) for key in plural} == {2}


def test_both_languages_name_the_same_values() -> None:
    russian, english = (messages(language) for language in LANGUAGES)

    def named(message: Message) -> set[str]:
        return {name for text in texts(message) for name in NAMED.findall(text)} - {"n"}

    assert [key for key in russian if named(russian[key]) != named(english[key])] == []


def test_every_key_in_templates_and_handlers_has_a_text() -> None:
    known = set(messages("ru"))
    families = {key.split(".")[0] for key in known}
    used = {key for key in keys_in_sources() if key.split(".")[0] in families}
    # Files and parts of keys that are put together are no keys.
    used = {key for key in used if not key.endswith((".html", ".css", ".js"))}

    assert used - known == set()


def test_no_text_is_left_over() -> None:
    composed = (
        "reason.",
        "trouble.part.",
        "trouble.seen.",
        "trouble.needed.",
        "deed.",
        "messages.kind.",
        "messages.channel.",
        "erasure.",
        "export.",
        "case_kind.",
        "refusal.",
        "schools.state.",
    )
    idle = {key for key in messages("ru") if not key.startswith(composed)} - keys_in_sources()

    assert idle == set()


def test_no_reason_is_explained_that_nobody_gives() -> None:
    explained = {key.split(".")[1] for key in messages("ru") if key.startswith("reason.")}
    # What pages themselves say, and what stands for every other reason.
    of_pages = {"NOT_FOUND", "INTERNAL", "BINDING_DECLINED", "OTHER"}

    assert explained - reasons_of_services() - reasons_of_contracts() - reasons_of_calls() == of_pages


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_call_that_fails_without_a_word_has_a_sentence(language: str) -> None:
    speech = Speech(language)

    assert [one for one in reasons_of_calls() if not speech.knows(f"reason.{one}.title")] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_of_the_contracts_has_a_sentence(language: str) -> None:
    speech = Speech(language)

    assert [one for one in sorted(reasons_of_contracts()) if not speech.knows(f"reason.{one}.title")] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_error_of_the_services_has_a_sentence(language: str) -> None:
    speech = Speech(language)
    # What the client of ESIA meets on the way never leaves identity under its own name.
    inner = {
        reason for reason in reasons_of_services() if reason.startswith("ESIA_")
    } - reasons_of_contracts()

    missing = [
        reason
        for reason in sorted(reasons_of_services() - inner)
        if not speech.knows(f"reason.{reason}.title")
    ]
    assert missing == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_is_told_what_it_means_is_told_what_to_do(language: str) -> None:
    speech = Speech(language)
    explained = {key.split(".")[1] for key in speech.keys if key.endswith(".meaning")}

    assert [one for one in explained if not speech.knows(f"reason.{one}.step")] == []


@pytest.mark.parametrize(
    "reason",
    [
        "SNILS_UNKNOWN",
        "SNILS_DIFFERS",
        "NAME_DIFFERS",
        "BIRTH_DATE_DIFFERS",
        "SEVERAL_REGISTERED",
        "BOUND_TO_ANOTHER_PROFILE",
        "PROFILE_BOUND_ELSEWHERE",
        "ACCOUNT_NOT_ACTIVATED",
        "BINDING_DECLINED",
        "ESIA_PROFILE_CLOSED",
        "REGION_DIFFERS",
        "ACCOUNT_BLOCKED",
        "PERSON_LEFT",
        "ESIA_REFUSED",
        "ESIA_CODE_REFUSED",
        "ESIA_NOT_CONFIRMED",
        "LEVEL_TOO_LOW",
        "ESIA_UNAVAILABLE",
        "SIGN_IN_UNKNOWN",
    ],
)
def test_every_refused_sign_in_has_words_of_its_own(reason: str) -> None:
    """R23, R25: the exact reason, what it means, the next step."""
    speech = Speech("ru")

    assert all(speech.knows(f"reason.{reason}.{part}") for part in ("title", "meaning", "step"))


def test_two_files_with_the_same_key_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ru").mkdir()
    for name in ("one", "two"):
        (tmp_path / "ru" / f"{name}.po").write_text('msgid "site.name"\nmsgstr "Дневник"\n')
    monkeypatch.setattr("services.gateway.pages.language.CATALOGUES", tmp_path)

    with pytest.raises(ValueError, match=r"site\.name"):
        read_catalogue("ru")
