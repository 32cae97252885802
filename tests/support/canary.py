"""A33, for the whole run: nothing secret or personal in logs, events, subjects and errors.

Whatever the services seal, hash or hand out while they are tested is a **canary**: passwords, codes, links,
tokens, SNILS, e-mail addresses and phone numbers. They plant themselves: the places in the code through which
each of them must pass are watched, so no test has to remember to tell. What looks like a SNILS, a phone
number or an e-mail address is one, planted or not.

Looked at are: what every test writes while it runs (services in its process log there), the log files of
services that run as processes, the events and remembered replies in every database before it is dropped, the
subjects in NATS, every domain error, and every problem document that a test receives. One finding fails the
run, also when every test has passed.

Not looked at: what a test writes when its output is not captured (``-s``), and a secret that is glued to
other letters or digits.
"""

from __future__ import annotations

import functools
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

_FOUND: Final = "canaries"
_SHORTEST: Final = 6  # a code by SMS; what is shorter is found everywhere
_SECRET_OF_LINK: Final = 20  # 128 bits and more are so long in any spelling; the name of a page is not
_WORD: Final = re.compile(r"[^\W_]+", re.UNICODE)
# Also as NATS writes it, after the number of its process: "[4711] 2026/11/23 20:42:01.123456".
_INSTANT: Final = re.compile(r"(^\[\d+\] )?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+\d\d:\d\d)?")
_PATTERNS: Final = {
    "SNILS": re.compile(r"(?<![\d-])\d{3}-\d{3}-\d{3}[ -]\d{2}(?![\d-])"),
    "phone number": re.compile(r"(?<![\w+])\+7[\s(-]*\d{3}[\s)-]*\d{3}[\s-]*\d{2}[\s-]*\d{2}(?!\d)"),
    "e-mail address": re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)*\.[^\W\d_]{2,}"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is where it must not be; what it is, is not repeated."""

    what: str
    where: str


@dataclass
class Canaries:
    """What must appear nowhere, and where it did."""

    findings: dict[Finding, None] = field(default_factory=dict)
    """In the order in which they were made, each once."""
    _by_word: dict[str, dict[str, str]] = field(default_factory=dict)

    def plant(self, what: str, secret: object) -> None:
        """From now on ``secret`` may appear nowhere; what is too short to be told from others is let be."""
        text = str(secret)
        words = _WORD.findall(text)
        if len(text) < _SHORTEST or not words:
            return
        # Found again by its rarest word: the longest, one with digits before one without.
        word = max(words, key=lambda each: (any(sign.isdigit() for sign in each), len(each)))
        self._by_word.setdefault(word, {})[text] = what

    def plant_contact(self, text: str) -> None:
        """Plant a text if it is an address, a number or a SNILS; names and the like may appear elsewhere."""
        if re.fullmatch(r"\d{11}", text):
            self.plant("SNILS", text)
        elif re.fullmatch(r"\+7\d{10}", text):
            self.plant("phone number", text)
        elif _PATTERNS["e-mail address"].fullmatch(text):
            self.plant("e-mail address", text)

    def look(self, where: str, text: str) -> None:
        """Look at a text, line by line."""
        for line in text.splitlines():
            self._look_at_line(where, line)

    def _look_at_line(self, where: str, line: str) -> None:
        line = _INSTANT.sub(" ", line)  # its digits are no code
        for word in set(_WORD.findall(line)):
            for secret, what in self._by_word.get(word, {}).items():
                if re.search(rf"(?<![^\W_]){re.escape(secret)}(?![^\W_])", line):
                    self.findings[Finding(f"a planted {what}", where)] = None
        for what, pattern in _PATTERNS.items():
            if pattern.search(line):
                self.findings[Finding(f"what looks like a {what}", where)] = None


CANARIES: Final = Canaries()
"""Those of this run."""


# --- where canaries come from ---


def _watch(owner: Any, name: str, seen: Callable[..., None], *, result: bool = False) -> None:
    """Have ``seen`` told of every call of a method: its arguments, or with ``result`` what it returns."""
    original = getattr(owner, name)

    @functools.wraps(original)
    def watched(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not result:
            seen(*args, **kwargs)
            return original(self, *args, **kwargs)
        returned = original(self, *args, **kwargs)
        seen(returned)
        return returned

    setattr(owner, name, watched)


def _sealed_for_ourselves(text: str, *, context: str) -> None:
    if context.startswith(("second factor", "slip")):
        CANARIES.plant("sealed secret", text)
    for part in _texts(_parsed(text)):
        CANARIES.plant_contact(part)


def _sealed_for_notifications(content: bytes) -> None:
    message = _parsed(content.decode())
    if not isinstance(message, Mapping):
        return
    CANARIES.plant_contact(str(message.get("to", "")))
    values = message.get("values", {})
    for name in ("code", "tracking_code"):
        CANARIES.plant("code", values.get(name, ""))
    # The secret of a link is its end; the way there is the same for all, and some lead to a page of all.
    end = re.split(r"[/=#?]", str(values.get("link", "")))[-1]
    if len(end) >= _SECRET_OF_LINK:
        CANARIES.plant("link", end)


def _hashed(password: str, *_: Any) -> None:
    CANARIES.plant("password", password)


def _compared(_present: str, password: str) -> None:
    CANARIES.plant("password", password)


def _issued(token: tuple[str, Any]) -> None:
    CANARIES.plant("access token", token[0].rpartition(".")[2])


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _texts(value: Any) -> Iterator[str]:
    """Every text in a JSON value; a number that was written without quotes is a text here."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif value is not None:
        yield str(value)


def plant_people(document: Any) -> None:
    """Plant what a file of invented people says under the names of secrets."""
    if isinstance(document, Mapping):
        for name, value in document.items():
            if isinstance(value, str):
                if "password" in name:
                    CANARIES.plant("password", value)
                else:
                    CANARIES.plant_contact(
                        value.replace("-", "").replace(" ", "") if "snils" in name else value
                    )
            else:
                plant_people(value)
    elif isinstance(document, list):
        for each in document:
            plant_people(each)


# --- where they must not be ---


def look_at_files(folder: Path, *, where: str = "") -> None:
    """Look at the log files of processes under a folder."""
    for file in sorted({*folder.rglob("log"), *folder.rglob("*.log")}):
        if file.is_file():
            with file.open(encoding="utf-8", errors="replace") as lines:
                for line in lines:
                    CANARIES.look(f"{where or folder.name}: {file.relative_to(folder)}", line)


async def look_at_database(url: str) -> None:
    """Look at what a service's database would tell others: events, their subjects, remembered replies."""
    import asyncpg

    import school.diary.v1.events_pb2
    import school.identity.v1.events_pb2
    import school.notifications.v1.events_pb2  # noqa: F401 - so that every event can be read

    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        if await connection.fetchval("SELECT to_regclass('outbox')") is None:
            return
        events = await connection.fetch(
            "SELECT type, payload FROM outbox UNION ALL SELECT type, payload FROM dead_letters"
        )
        replies = await connection.fetch("SELECT method, reply FROM requests WHERE reply IS NOT NULL")
        reasons = await connection.fetch("SELECT action, why FROM audit WHERE why IS NOT NULL")
    finally:
        await connection.close()
    for row in events:
        CANARIES.look("the subject of an event", row["type"])
        for text in _of_event(row["type"], row["payload"]):
            CANARIES.look(f"an event {row['type']}", text)
    for row in replies:
        CANARIES.look(f"the remembered reply of {row['method']}", row["reply"].decode(errors="replace"))
    for row in reasons:
        CANARIES.look(f"the reason in the audit of {row['action']}", row["why"])


def _of_event(name: str, payload: bytes) -> Iterator[str]:
    """Every text in an event; all of it when nobody can read it."""
    from google.protobuf import descriptor_pool, json_format, message_factory
    from google.protobuf.message import DecodeError

    try:
        kind = message_factory.GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(name))
        event = kind.FromString(payload)
    except (KeyError, DecodeError):
        yield payload.decode(errors="replace")
    else:
        yield from _texts(json_format.MessageToDict(event))


async def look_at_subjects(nats_url: str) -> None:
    """Look at every subject that the streams of a broker hold."""
    import nats

    client = await nats.connect(nats_url, allow_reconnect=False)
    try:
        jetstream = client.jetstream()
        for stream in await jetstream.streams_info():
            held = await jetstream.stream_info(stream.config.name or "", subjects_filter=">")
            for subject in held.state.subjects or {}:
                CANARIES.look(f"a subject of {stream.config.name}", subject)
    finally:
        await client.close()


def _look_at_error(error: Any) -> None:
    for text in (error.title, *error.metadata.values()):
        CANARIES.look(f"the error {error.reason}", str(text))


def _look_at_response(response: Any) -> None:
    if response.headers.get("content-type", "").startswith("application/problem+json") and response.is_closed:
        CANARIES.look(f"the problem document of {response.request.url.path}", response.text)


def _look_at_errors(owner: Any) -> None:
    original = owner.__init__

    @functools.wraps(original)
    def watched(self: Any, **metadata: str) -> None:
        original(self, **metadata)
        _look_at_error(self)

    owner.__init__ = watched


def _look_at_responses(owner: Any) -> None:
    original = owner.send

    @functools.wraps(original)
    async def watched(self: Any, *args: Any, **kwargs: Any) -> Any:
        response = await original(self, *args, **kwargs)
        _look_at_response(response)
        return response

    owner.send = watched


# --- the run ---


def _loaded(name: str) -> Any:
    """A module that some test has loaded; what nobody loads is not loaded for its canaries."""
    return sys.modules.get(name)


def pytest_collection_finish() -> None:
    """Begin to watch, once every test has loaded what it needs."""
    if module := _loaded("services.identity.keyring"):
        _watch(module.Keyring, "seal", _sealed_for_ourselves)
    if module := _loaded("services.kit.sealing"):
        _watch(module.Sealer, "seal", _sealed_for_notifications)
    if module := _loaded("services.identity.passwords"):
        _watch(module.Hasher, "hash", _hashed)
        _watch(module.Hasher, "matches", _compared)
    if module := _loaded("services.kit.tokens"):
        _watch(module.TokenIssuer, "issue", _issued, result=True)
    if module := _loaded("services.kit.errors"):
        _look_at_errors(module.DomainError)
    if module := _loaded("httpx2"):
        _look_at_responses(module.AsyncClient)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Look at what a test has written."""
    for name, content in report.sections:
        CANARIES.look(f"{report.nodeid}, {name.lower()}", content)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Look at the log files of processes; a finding fails the run."""
    factory = getattr(session.config, "_tmp_path_factory", None)
    if factory is not None and factory._basetemp is not None:
        look_at_files(factory.getbasetemp())
    # In one of several processes: what it found goes to the one that says how the run ended.
    told = getattr(session.config, "workeroutput", None)
    if told is not None:
        told[_FOUND] = [(finding.what, finding.where) for finding in CANARIES.findings]
    if CANARIES.findings:
        session.exitstatus = 1


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what was found in a process that ends; one that crashed has failed the run already."""
    for what, where in getattr(node, "workeroutput", {}).get(_FOUND, ()):
        CANARIES.findings[Finding(what, where)] = None


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say what was found where, and nothing of what it is."""
    if CANARIES.findings:
        terminalreporter.section("CANARIES: personal data or secrets where they do not belong", sep="!")
        for line in _summary(CANARIES.findings):
            terminalreporter.line(line)


def _summary(findings: Iterable[Finding]) -> Iterator[str]:
    for finding in findings:
        yield f"{finding.what} in {finding.where}"
