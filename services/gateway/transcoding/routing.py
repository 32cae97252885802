"""HTTP path → route: a tree over the segments of the contracts' path templates.

A template is literal segments and whole-segment fields, the last one may end in a custom verb:
``/v1/lessons/{lesson_id}/marks:remove`` (google.api.http; AIP-127, AIP-136).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import unquote

from services.gateway.contracts import ContractError
from services.gateway.problems import BadValue, NoSuchPath, WrongMethod

Target = TypeVar("Target")
_LITERAL = re.compile(r"[a-z0-9][a-z0-9.-]*")
_FIELD = re.compile(r"\{([a-z][a-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Template:
    """A path template, taken apart."""

    text: str
    segments: tuple[str | None, ...]
    """Literal segments; None where a field stands."""
    fields: tuple[str, ...]
    """The names of the fields, in order."""
    verb: str
    """The custom verb after the colon; empty when there is none."""

    @classmethod
    def parse(cls, text: str) -> Template:
        """Take a template apart. Raises `ContractError` when it is none that is offered here."""
        path, colon, verb = text.partition(":")
        if not path.startswith("/") or (colon and not _LITERAL.fullmatch(verb)):
            raise ContractError(f"{text}: not a path template")
        segments: list[str | None] = []
        fields: list[str] = []
        for segment in path[1:].split("/"):
            in_braces = _FIELD.fullmatch(segment)
            if in_braces:
                segments.append(None)
                fields.append(in_braces[1])
            elif _LITERAL.fullmatch(segment):
                segments.append(segment)
            else:
                raise ContractError(f"{text}: not a path template")
        return cls(text, tuple(segments), tuple(fields), verb)


@dataclass(slots=True)
class _Node(Generic[Target]):
    literals: dict[str, _Node[Target]] = field(default_factory=dict)
    any_value: _Node[Target] | None = None
    # By verb ("" for none), then by HTTP method.
    ends: dict[str, dict[str, tuple[Template, Target]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found(Generic[Target]):
    """A route that fits a path."""

    template: Template
    target: Target
    values: tuple[str, ...]
    """The decoded values of the template's fields."""


class Routes(Generic[Target]):
    """Every route; a path is found in one walk over its segments."""

    def __init__(self) -> None:
        self._root: _Node[Target] = _Node()

    def add(self, method: str, template: Template, target: Target) -> None:
        """Add a route. Raises `ContractError` when another one has the same method and path."""
        node = self._root
        for segment in template.segments:
            if segment is None:
                node.any_value = node.any_value or _Node()
                node = node.any_value
            else:
                node = node.literals.setdefault(segment, _Node())
        methods = node.ends.setdefault(template.verb, {})
        if method in methods:
            raise ContractError(f"{method} {template.text} is there twice: {methods[method][0].text}")
        methods[method] = (template, target)

    def find(self, method: str, raw_path: bytes) -> Found[Target]:
        """The route for a path as it came, percent-encoded.

        Raises:
            NoSuchPath: no template fits.
            WrongMethod: one fits, but not for this method.
            BadValue: a field's value is not UTF-8.
        """
        try:
            path = raw_path.decode("ascii")
        except UnicodeDecodeError:
            raise NoSuchPath from None
        segments = path[1:].split("/")
        end = self._walk(self._root, segments, 0)
        if end is None:
            raise NoSuchPath
        methods, values = end
        # RFC 9110: a HEAD is a GET whose body stays at home.
        present = methods.get("GET" if method == "HEAD" else method)
        if present is None:
            raise WrongMethod(allow=", ".join(sorted({*methods, *(["HEAD"] if "GET" in methods else [])})))
        template, target = present
        return Found(
            template, target, tuple(_decoded(*pair) for pair in zip(template.fields, values, strict=True))
        )

    def _walk(
        self, node: _Node[Target], segments: list[str], depth: int
    ) -> tuple[dict[str, tuple[Template, Target]], list[str]] | None:
        segment = segments[depth]
        if depth == len(segments) - 1:
            return _end(node, segment)
        literal = node.literals.get(segment)
        if literal is not None:
            found = self._walk(literal, segments, depth + 1)
            if found is not None:
                return found
        if node.any_value is not None and segment:
            found = self._walk(node.any_value, segments, depth + 1)
            if found is not None:
                found[1].insert(0, segment)
                return found
        return None


def _end(node: _Node[Target], segment: str) -> tuple[dict[str, tuple[Template, Target]], list[str]] | None:
    """What the last segment leads to: literal before field, with a verb before without."""
    if segment.startswith(":"):
        return None
    name, _, verb = segment.rpartition(":") if ":" in segment else (segment, "", "")
    candidates = [(name, verb), (segment, "")] if verb else [(segment, "")]
    for value, ending in candidates:
        literal = node.literals.get(value)
        if literal is not None and ending in literal.ends:
            return literal.ends[ending], []
        if value and node.any_value is not None and ending in node.any_value.ends:
            return node.any_value.ends[ending], [value]
    return None


def _decoded(name: str, value: str) -> str:
    if "%" not in value:
        return value
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError:
        raise BadValue(field=name, expected="text") from None
