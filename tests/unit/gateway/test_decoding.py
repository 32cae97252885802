"""JSON → protobuf: what the encoder writes is read back, everything else is refused by name."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st

from school.diary.v1.marks_pb2 import SetMarkRequest
from school.identity.v1.people_pb2 import RegisterPersonRequest
from services.gateway.problems import BadValue, UnknownField
from services.gateway.transcoding.decoding import Readers, fields_from_text, fill, read_texts
from services.gateway.transcoding.encoding import Encoders
from tests.unit.gateway.every_kind import every_kind
from tests.unit.gateway.messages import contract_messages, descriptor_of, messages


@pytest.mark.parametrize("kind", contract_messages(), ids=lambda kind: kind.DESCRIPTOR.full_name)
@settings(max_examples=8)
@given(data=st.data())
def test_every_message_of_the_contracts_survives_the_way_to_json_and_back(
    kind: type[Message], data: st.DataObject
) -> None:
    message = data.draw(messages(kind))
    assert _there_and_back(message) == message


@settings(max_examples=60)
@given(data=st.data())
def test_every_kind_of_field_survives_the_way_to_json_and_back(data: st.DataObject) -> None:
    message = data.draw(messages(every_kind(), depth=1))
    for name in ("float", "double"):
        # Infinity is written as text and is no number that a request may hold.
        for shape in ("one", "many", "either", "maybe", "map"):
            message.ClearField(f"{shape}_{name}")
    message.ClearField("one_self")
    message.ClearField("many_self")
    message.ClearField("either_self")
    message.ClearField("map_self")
    assert _there_and_back(message) == message


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"person": "x"}, "person"),
        ({"name": {"first": "Анна"}}, "name.first"),
        ({"birthDate": "2015-01-01"}, "birthDate"),
        ({"": 1}, ""),
    ],
)
def test_an_unknown_field_is_named(body: dict[str, Any], field: str) -> None:
    with pytest.raises(UnknownField) as refused:
        _read(RegisterPersonRequest(), body)
    assert refused.value.metadata == {"field": field}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (5, ""),
        ([], ""),
        ({"name": "Анна"}, "name"),
        ({"name": {"surname": 5}}, "name.surname"),
        ({"roles": "ROLE_PUPIL"}, "roles"),
        ({"roles": ["ROLE_PUPIL", "ROLE_KING"]}, "roles[1]"),
        ({"roles": [2]}, "roles[0]"),
        ({"roles": [None]}, "roles[0]"),
        ({"snils": True}, "snils"),
        ({"snils": "1\x002"}, "snils"),
    ],
)
def test_a_value_of_another_type_is_named(body: object, field: str) -> None:
    with pytest.raises(BadValue) as refused:
        _read(RegisterPersonRequest(), body)
    assert refused.value.metadata["field"] == field


@pytest.mark.parametrize(
    "number", [2**63, -(2**63) - 1, 1.0, True, "", "-", "1.0", "1e3", "٣", "9" * 400, " 1", "1_0"]
)
def test_what_is_no_64_bit_integer_is_refused(number: object) -> None:
    with pytest.raises(BadValue):
        _read(SetMarkRequest(), {"based_on_version": number})


@pytest.mark.parametrize("number", [7, "7", "007"])
def test_a_64_bit_integer_may_be_a_number_or_text(number: object) -> None:
    request = SetMarkRequest()
    _read(request, {"based_on_version": number})
    assert request.based_on_version == 7


def test_null_means_not_given() -> None:
    request = SetMarkRequest()
    _read(request, {"text": None, "comment": None})
    assert request == SetMarkRequest()


def test_two_fields_of_a_one_of_are_refused() -> None:
    with pytest.raises(BadValue) as refused:
        _read(every_kind()(), {"either_string": "a", "either_bool": True})
    assert refused.value.metadata["field"] == "either_bool"


@pytest.mark.parametrize("instant", ["yesterday", 5, {}, "2026-13-01T00:00:00Z", ""])
def test_what_is_no_instant_is_refused(instant: object) -> None:
    with pytest.raises(BadValue) as refused:
        _read(every_kind()(), {"one_instant": instant})
    assert refused.value.metadata["field"] == "one_instant"


@pytest.mark.parametrize("name", ["bool", "double", "float", "bytes", "uint32", "sint64"])
def test_a_list_is_no_scalar(name: str) -> None:
    with pytest.raises(BadValue):
        _read(every_kind()(), {f"one_{name}": [1]})


def test_query_values_are_read_by_the_type_of_their_field() -> None:
    request = every_kind()()
    found = [
        ("one_int32", ["-5"]), ("one_bool", ["true"]), ("one_double", ["1.5"]),
        ("one_colour", ["COLOUR_RED"]), ("many_string", ["a", "b"]), ("one_uint64", [str(2**64 - 1)]),
    ]  # fmt: skip
    read_texts(found, fields_from_text(descriptor_of(every_kind())), request)
    assert request == every_kind()(
        one_int32=-5,
        one_bool=True,
        one_double=1.5,
        one_colour=7,
        many_string=["a", "b"],
        one_uint64=2**64 - 1,
    )


@pytest.mark.parametrize(
    ("name", "texts"),
    [("one_int32", ["five"]), ("one_bool", ["1"]), ("one_double", ["x"]), ("one_string", ["a", "b"])],
)
def test_a_query_value_of_another_type_is_named(name: str, texts: list[str]) -> None:
    with pytest.raises(BadValue) as refused:
        read_texts([(name, texts)], fields_from_text(descriptor_of(every_kind())), every_kind()())
    assert refused.value.metadata["field"] == name


@pytest.mark.parametrize("name", ["nothing", "one_self", "map_string", "one_instant"])
def test_a_query_name_that_is_no_scalar_field_is_unknown(name: str) -> None:
    with pytest.raises(UnknownField):
        read_texts([(name, ["1"])], fields_from_text(descriptor_of(every_kind())), every_kind()())


def _read(message: Message, value: object) -> None:
    fill(message, value, Readers().of(descriptor_of(message)))


def _there_and_back(message: Message) -> Message:
    json = orjson.dumps(Encoders().of(descriptor_of(message))(message))
    again = type(message)()
    _read(again, orjson.loads(json))
    return again
