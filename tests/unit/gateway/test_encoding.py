"""protobuf → JSON by compiled encoders is the same as protobuf's own, slower one."""

from __future__ import annotations

import orjson
import pytest
from google.protobuf import json_format
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st

from services.gateway.transcoding.encoding import Encoders
from tests.unit.gateway.every_kind import every_kind
from tests.unit.gateway.messages import contract_messages, descriptor_of, messages

CONTRACTS = contract_messages()


@pytest.mark.parametrize("kind", CONTRACTS, ids=lambda kind: kind.DESCRIPTOR.full_name)
@settings(max_examples=15)
@given(data=st.data())
def test_every_message_of_the_contracts_is_encoded_as_protojson(
    kind: type[Message], data: st.DataObject
) -> None:
    """For all messages of all contracts: the encoder equals `json_format`."""
    message = data.draw(messages(kind))
    assert Encoders().of(descriptor_of(kind))(message) == _by_json_format(message)


@settings(max_examples=80)
@given(data=st.data())
def test_every_kind_of_field_is_encoded_as_protojson(data: st.DataObject) -> None:
    """Also the kinds of fields that no contract uses yet."""
    message = data.draw(messages(every_kind(), depth=1))
    assert Encoders().of(descriptor_of(every_kind()))(message) == _by_json_format(message)


@pytest.mark.parametrize("kind", CONTRACTS, ids=lambda kind: kind.DESCRIPTOR.full_name)
def test_an_empty_message_prints_its_defaults(kind: type[Message]) -> None:
    """A reader finds every field that has no presence, also when it is unset."""
    assert Encoders().of(descriptor_of(kind))(kind()) == _by_json_format(kind())


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
def test_numbers_that_json_has_not_are_written_by_name(number: float) -> None:
    message = every_kind()(one_double=number, one_float=number)
    encoded = Encoders().of(descriptor_of(every_kind()))(message)
    assert encoded["one_double"] == encoded["one_float"] == _by_json_format(message)["one_double"]


def test_an_enum_value_of_a_newer_contract_is_written_as_its_number() -> None:
    """A service may already know more than this gateway."""
    message = every_kind()(one_colour=99)
    assert Encoders().of(descriptor_of(every_kind()))(message)["one_colour"] == 99


@settings(max_examples=20)
@given(data=st.data())
def test_what_is_encoded_can_be_written_by_orjson(data: st.DataObject) -> None:
    message = data.draw(messages(every_kind(), depth=1))
    assert orjson.loads(orjson.dumps(Encoders().of(descriptor_of(every_kind()))(message)))


def _by_json_format(message: Message) -> dict[str, object]:
    return json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
