from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from services.kit import log


@pytest.fixture(autouse=True)
def _own_configuration() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_field_that_is_not_allowed_is_dropped_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    """A33: a careless keyword writes nothing but its own name."""
    log.configure("json", service="diary")
    log.get_logger("test").info("call", method="/x", surname="Иванова")
    line = json.loads(capsys.readouterr().err)
    assert line["dropped_fields"] == ["surname"]
    assert "Иванова" not in json.dumps(line, ensure_ascii=False)
    assert (line["service"], line["method"]) == ("diary", "/x")


def test_a_line_carries_the_id_of_the_request_in_progress(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("json", service="diary")
    token = log.request_id.set("abcdef123456")
    log.get_logger("test").info("call")
    log.request_id.reset(token)
    assert json.loads(capsys.readouterr().err)["request_id"] == "abcdef123456"


def test_an_exception_is_told_without_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    """A33: the text of an error may quote what a person typed."""
    log.configure("json", service="diary")
    try:
        int("Иванова")
    except ValueError:
        logging.getLogger("some.library").exception("it broke")
    written = capsys.readouterr().err
    assert json.loads(written)["error"].startswith("ValueError at test_log.py:")
    assert "Иванова" not in written


def test_warnings_of_libraries_come_out_in_the_same_form(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("json", service="diary")
    logging.getLogger("some.library").warning("it happened")
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["level"], line["service"]) == ("it happened", "warning", "diary")


def test_a_line_is_written_whatever_text_it_holds(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("json", service="diary")
    log.get_logger("test").info("call", reason="\udcff", name="Ёж")
    line = json.loads(capsys.readouterr().err)
    assert (line["reason"], line["name"]) == ("\udcff", "Ёж")


def test_lines_for_people_are_no_json(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("console", service="diary")
    log.get_logger("test").info("call", name="Ёж")
    logging.getLogger("some.library").warning("it happened")
    ours, theirs = capsys.readouterr().err.splitlines()
    assert "Ёж" in ours
    assert "it happened" in theirs
    assert not ours.startswith("{")
