"""The OpenAPI 3.1 document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any, TypeAlias

from school.access.v1.policy_pb2 import Policy, Role
from services.gateway.contracts import Rpc
from services.gateway.openapi.comments import NONE, Comment
from services.gateway.openapi.schemas import Schema, Schemas
from services.gateway.transcoding.routing import Template

Document: TypeAlias = "dict[str, Any]"

_ABOUT = """The school diary of a region.

A program signs in with `POST /v1/sign-in/password` and sends `signed_in.session.access_token` of the answer
as `Authorization: Bearer`. Before `access_expires_at`, `POST /v1/sessions:refresh` gives the next pair of
tokens. A session may owe a step (`pending`): until it is done, only the paths of that step are open. Browsers
have a session in cookies; what changes something then needs the header `X-CSRF-Token` as well.

Every path takes and answers JSON (`Content-Type: application/json`) with the names of the contracts; 64-bit
numbers are text, instants are RFC 3339 in UTC. Answers only grow: pass over fields you do not know. A
request with a field that is not in the contract is refused.

Where a request has a `request_id` it must be given, there or in the header `Idempotency-Key`: a new one, such
as a UUID, for each deed, the same one for each try of it. Sent again, it gives the first answer.

Errors are `application/problem+json` with a stable `reason`. Besides the reasons of its own, a path may fail
with `SIGN_IN_NEEDED`, `TOKEN_EXPIRED`, `TOKEN_REFUSED`, `SESSION_ENDED` (401), `ROLE_NEEDED`,
`ACTIVATION_NEEDED`, `SECOND_FACTOR_NEEDED`, `STEP_UP_NEEDED` (403), `BAD_JSON`, `BAD_VALUE`, `UNKNOWN_FIELD`,
`BAD_ID`, `BAD_REQUEST_ID` (400), `WRONG_MEDIA_TYPE` (415); 429, 503 and 504 are worth
another try later. A request may carry `X-Request-Id`; the answer carries it back. `X-Request-Timeout`
(seconds, at most 5) makes an answer due sooner."""
_REQUEST_ID = "request_id"


def document(rpcs: Iterable[Rpc], comments: Mapping[str, Comment], server: str) -> Document:
    """Describe ``rpcs``; ``server`` is the public address."""
    schemas = Schemas(comments)
    paths: dict[str, dict[str, Any]] = {}
    tags: dict[str, str] = {}
    for rpc in rpcs:
        service = rpc.descriptor.containing_service.full_name
        tags[tag_of(rpc)] = comments.get(service, NONE).summary
        operation = _operation(rpc, comments, schemas)
        paths.setdefault(rpc.template, {})[rpc.http_method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "Diary Mesh", "version": version("diary-mesh"), "description": _ABOUT},
        "servers": [{"url": server}],
        "tags": [{"name": name, "description": text} for name, text in tags.items()],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "responses": {"Problem": {"description": "What went wrong", "content": _content("Problem")}},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "session": {"type": "apiKey", "in": "cookie", "name": "__Host-mesh-access"},
            },
        },
    }


def tag_of(rpc: Rpc) -> str:
    """The capability: ``WeekService`` of the diary is "diary: week"."""
    file = rpc.descriptor.containing_service.file.name
    return f"{rpc.service}: {file.rpartition('/')[2].removesuffix('.proto').replace('_', ' ')}"


def who_may_call(policy: Policy) -> list[str]:
    """The policy in words for ``x-roles``: the roles, or ``anyone``, or ``signed_in``."""
    admits = policy.WhichOneof("admits")
    if admits != "any_of":
        return [str(admits)]
    return [Role.Name(role) for role in policy.any_of.roles]


def _operation(rpc: Rpc, comments: Mapping[str, Comment], schemas: Schemas) -> Document:
    comment = comments.get(rpc.descriptor.full_name, NONE)
    roles = who_may_call(rpc.policy)
    in_path = Template.parse(rpc.template).fields
    operation: Document = {
        "operationId": rpc.descriptor.name,
        "tags": [tag_of(rpc)],
        "summary": comment.summary,
        "description": "\n\n".join(comment.paragraphs),
        "x-roles": roles,
        "x-reasons": comment.reasons,
        "security": [] if roles == ["anyone"] else [{"bearer": []}, {"session": []}],
        "parameters": _parameters(rpc, in_path, schemas),
        "responses": {
            "200": {"description": "The answer", "content": _reply(rpc, schemas)},
            "default": {"$ref": "#/components/responses/Problem"},
        },
    }
    if rpc.has_body:
        # Closed, unlike the answers: an unknown field is refused here, and answers grow.
        body = schemas.object(rpc.descriptor.input_type, without=in_path) | {"additionalProperties": False}
        operation["requestBody"] = {"required": bool(body["properties"]), "content": _json(body)}
    return operation


def _parameters(rpc: Rpc, in_path: tuple[str, ...], schemas: Schemas) -> list[Document]:
    found: list[Document] = []
    for field in rpc.descriptor.input_type.fields:
        place = "path" if field.name in in_path else "query"
        if rpc.has_body and place == "query":
            continue
        schema = schemas.field(field)
        about = schema.pop("description", "")
        found.append(
            {
                "name": field.name, "in": place, "required": place == "path",
                "description": about, "schema": schema,
            }
        )  # fmt: skip
    if _REQUEST_ID in rpc.descriptor.input_type.fields_by_name:
        found.append(_header("Idempotency-Key", "Fills `request_id`."))
    if rpc.streams:
        found.append(_header("Last-Event-ID", "The last one that was seen; what was missed is sent first."))
    return found


def _header(name: str, about: str) -> Document:
    return {
        "name": name, "in": "header", "required": False,
        "description": about, "schema": {"type": "string"},
    }  # fmt: skip


def _reply(rpc: Rpc, schemas: Schemas) -> Document:
    schema = schemas.message(rpc.descriptor.output_type)
    return {"text/event-stream": {"schema": schema}} if rpc.streams else _json(schema)


def _json(schema: Schema) -> Document:
    return {"application/json": {"schema": schema}}


def _content(name: str) -> Document:
    return {"application/problem+json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}
