"""``/docs``: the OpenAPI document as one page to read and to search, without scripts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from services.gateway.openapi.document import Document

_CODE = re.compile(r"`([^`]+)`")


def render(described: Document) -> str:
    """The page for an OpenAPI document."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(prose=_prose, shape=_shape, anchor=_anchor)
    template = environment.get_template("docs.html.j2")
    return template.render(document=described, groups=_groups(described))


def _groups(described: Document) -> list[tuple[dict[str, str], list[tuple[str, str, Document]]]]:
    """Operations by tag: (method, path, operation), in the order of the contracts."""
    return [
        (
            tag,
            [
                (method.upper(), path, operation)
                for path, methods in described["paths"].items()
                for method, operation in methods.items()
                if tag["name"] in operation["tags"]
            ],
        )
        for tag in described["tags"]
    ]


def _prose(text: str) -> Markup:
    """Paragraphs and `code` of a comment."""
    paragraphs = (
        _CODE.sub(r"<code>\1</code>", str(escape(part))) for part in text.split("\n\n") if part.strip()
    )
    return Markup("").join(Markup("<p>{}</p>").format(Markup(part)) for part in paragraphs)  # noqa: S704 - escaped above


def _shape(schema: dict[str, Any]) -> Markup:
    """A type in a few words, linked to where it is described."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return Markup('<a href="#{}">{}</a>').format(_anchor(name), name)
    if schema.get("type") == "array":
        return Markup("list of {}").format(_shape(schema["items"]))
    if schema.get("additionalProperties"):
        return Markup("map to {}").format(_shape(schema["additionalProperties"]))
    form = schema.get("format")
    return Markup("{}{}").format(schema.get("type", "object"), f" ({form})" if form else "")


def _anchor(name: str) -> str:
    return "schema-" + name.replace(".", "-")
