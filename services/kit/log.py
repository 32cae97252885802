"""Logging: one bound line per thing that happened, for people on a terminal, JSON for machines.

Only fields named in `ALLOWED` are written; any other is dropped and its name reported, so that personal data
cannot slip into a log by a careless keyword (A33).
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, MutableMapping
from contextvars import ContextVar
from typing import Any, Literal

import orjson
import structlog
from structlog.typing import FilteringBoundLogger, Processor

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the request in progress; comes from outside the mesh and travels along."""

ALLOWED = {
    "event", "level", "timestamp", "service", "request_id", "component", "exception",
    # what was called and how it ended
    "method", "code", "reason", "status", "ms", "path", "attempt", "error",
    # events and their way
    "stream", "consumer", "event_id", "event_type", "sequence", "count", "subject", "delay_s",
    # processes and connections
    "address", "pid", "name", "state", "version", "signal", "database", "peer",
}  # fmt: skip


def get_logger(name: str) -> FilteringBoundLogger:
    """A logger whose lines carry ``component=name``."""
    logger: FilteringBoundLogger = structlog.get_logger(component=name)
    return logger


def configure(form: Literal["auto", "console", "json"], *, service: str) -> None:
    """Set up logging of the whole process, that of libraries (warnings and worse) included."""
    for_people = form == "console" or (form == "auto" and sys.stderr.isatty())
    shared: list[Processor] = [
        _add_request_id,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_texts,
        _only_allowed,
    ]
    # A line for each call is written as bytes by a fast encoder: it is a good part of a hot read's own work.
    in_bytes = structlog.processors.JSONRenderer(serializer=_encoded)
    render: Processor = structlog.dev.ConsoleRenderer() if for_people else _as_text(in_bytes)
    structlog.configure(
        processors=[_AddService(service), *shared, render if for_people else in_bytes],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=(
            structlog.PrintLoggerFactory(sys.stderr)
            if for_people
            else structlog.BytesLoggerFactory(sys.stderr.buffer)
        ),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_AddService(service), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)


def kind_and_place(error: BaseException) -> str:
    """What may be logged of an unexpected error: its text is left out, because it may quote data (A33)."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" at {trace.tb_frame.f_code.co_filename.rsplit('/', 2)[-1]}:{trace.tb_lineno}" if trace else ""
    cause = f" from {type(error.__cause__).__name__}" if error.__cause__ else ""
    return f"{type(error).__name__}{place}{cause}"


def _encoded(fields: MutableMapping[str, Any], default: Callable[[Any], Any]) -> bytes:
    try:
        return orjson.dumps(fields, default=default)
    except orjson.JSONEncodeError:
        # Half a surrogate pair, say, in the name of a file: the line must come out whatever it holds.
        return json.dumps(fields, default=default).encode("ascii")


def _as_text(render: structlog.processors.JSONRenderer) -> Processor:
    """The same line for the handlers of `logging`, which write text."""

    def rendered(logger: Any, name: str, fields: MutableMapping[str, Any]) -> str:
        line = render(logger, name, fields)
        return line if isinstance(line, str) else line.decode()

    return rendered


class _AddService:
    def __init__(self, service: str) -> None:
        self._service = service

    def __call__(
        self, _logger: Any, _name: str, fields: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        fields["service"] = self._service
        return fields


def _add_request_id(_logger: Any, _name: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    present = request_id.get()
    if present is not None:
        fields.setdefault("request_id", present)
    return fields


def _without_texts(_logger: Any, _name: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """An exception that a library logs keeps its kind and place."""
    raised = fields.pop("exc_info", None)
    if raised is True:
        raised = sys.exc_info()
    error = raised[1] if isinstance(raised, tuple) else raised
    if isinstance(error, BaseException):
        fields["error"] = kind_and_place(error)
    return fields


def _only_allowed(_logger: Any, _name: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    empty, dropped = [], []
    for key, value in fields.items():
        if value is None or value == "":
            empty.append(key)
        elif key not in ALLOWED and not key.startswith("_"):
            dropped.append(key)
    for key in (*empty, *dropped):
        del fields[key]
    if dropped:
        fields["dropped_fields"] = dropped
    return fields
