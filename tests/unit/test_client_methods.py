"""The methods of the client are those of the protocol: names, parameters, types and answers."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable, Iterator, Sequence
from io import BufferedReader
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest

from darkroom.client import Client, EventStream, Inhibition
from darkroom.protocol.interface import Method, More
from darkroom.protocol.methods import METHODS
from darkroom.protocol.types import File

OWN_PARAMETERS = {"patience"}
"""What a client is told beside what it tells the daemon."""

OTHER_NAMES = {"filter": "matching"}
"""Names that are Python's own."""

ANSWERS: dict[str, object] = {"Watch": EventStream, "Inhibit": Inhibition, "OpenOutput": BufferedReader}
"""What is more than the reply itself."""

WITH_MORE = {"GetSummary": "watch_summary", "WaitJob": "watch_job"}
"""A method for each reply, beside the one for the last or only one."""

DEMANDED_BY_US = {"SetSessionPreset": {"preset_id"}}
"""Which preset a session gets is said, also where it is none."""

SNAKE = re.compile(r"(?<!^)(?=[A-Z])")


def function(method: Method) -> Callable[..., object]:
    found: Callable[..., object] = getattr(Client, SNAKE.sub("_", method.name).lower())
    return found


def bare(form: Any) -> Any:
    """Return a type of the protocol without its comments, as a caller gives it."""
    match get_origin(form), get_args(form):
        case origin, (inner, *_) if origin is Annotated:
            return bare(inner)
        case origin, (inner, last) if origin in {UnionType, Union} and last is NoneType:
            return bare(inner) | None
        case origin, (inner, _) if origin is tuple:
            return Sequence[bare(inner)]  # type: ignore[misc]  # a type that is made as the program runs
        case None, _ if form is File:
            return str | os.PathLike[str]
        case _:
            return form


def asked(method: Method) -> dict[str, object]:
    paged = {"limit", "cursor"} if "next_cursor" in method.reply.__struct_fields__ else set[str]()
    return {
        OTHER_NAMES.get(field.name, field.name): bare(field.type)
        for field in msgspec.structs.fields(method.parameters)
        if field.name not in paged
    }


def answer(method: Method) -> object:
    fields = {field.name: field.type for field in msgspec.structs.fields(method.reply)}
    match list(fields):
        case _ if method.name in ANSWERS:
            return ANSWERS[method.name]
        case []:
            return NoneType
        case [_, "next_cursor"]:
            (entries, _) = fields.values()
            return Iterator[get_args(entries)[0]]  # type: ignore[misc]  # a type that is made as the program runs
        case [_]:
            return next(iter(fields.values()))
        case _:
            return method.reply


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_a_method_of_the_protocol_is_one_of_the_client(method: Method) -> None:
    typed = get_type_hints(function(method), include_extras=False)
    returned = typed.pop("return")

    given = {name: form for name, form in typed.items() if name not in OWN_PARAMETERS}

    # The interval of a summary concerns those who watch it, and following is a yes or no.
    expected = {name: form for name, form in asked(method).items() if name != "interval_usec"}
    assert list(given) == list(expected)
    assert {**given, "follow": None} == {**expected, "follow": None}
    assert returned == answer(method)


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_what_the_protocol_demands_has_no_default_and_all_else_has(method: Method) -> None:
    parameters = inspect.signature(function(method)).parameters
    demanded = {
        OTHER_NAMES.get(field.name, field.name)
        for field in msgspec.structs.fields(method.parameters)
        if field.required
    }

    without = {name for name, parameter in parameters.items() if parameter.default is parameter.empty}

    assert without - {"self"} == demanded | DEMANDED_BY_US.get(method.name, set())


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_every_method_says_what_it_does(method: Method) -> None:
    first, *_ = (inspect.getdoc(function(method)) or "").splitlines()

    assert first.endswith(".")


def test_what_changes_can_be_watched_with_the_parameters_of_the_protocol() -> None:
    for name, watching in WITH_MORE.items():
        typed = get_type_hints(getattr(Client, watching))
        given = {key: form for key, form in typed.items() if key not in {*OWN_PARAMETERS, "return"}}

        assert given == asked(METHODS[name])


def test_every_method_that_needs_more_gives_a_context() -> None:
    required = {name for name, method in METHODS.items() if method.more is More.REQUIRED}

    contexts = {name for name, kind in ANSWERS.items() if hasattr(kind, "__exit__")}

    assert required <= contexts
