from __future__ import annotations

import typing
from pathlib import Path
from types import NoneType

import msgspec
import pytest

import darkroom.protocol
from darkroom.errors import DARKROOM_ERRORS, SERVICE_ERRORS
from darkroom.protocol.contract import DARKROOM, METRICS, SERVICE
from darkroom.protocol.describe import describe
from darkroom.protocol.interface import Error, Interface, Method, Section, Type
from darkroom.protocol.methods import METHODS, QUALIFIED_METHODS
from darkroom.protocol.types import Input, Payload

SHIPPED = Path(darkroom.protocol.__path__[0]) / "io.darkroomd.Darkroom.varlink"
SHARED = Path(__file__).parents[3] / "shared" / SHIPPED.name


def members(interface: Interface) -> list[Type | Method | Error]:
    found: list[Type | Method | Error] = []
    for section in interface.sections:
        for member in section.members:
            found.extend(member if isinstance(member, tuple) else (member,))
    return found


def payloads() -> list[type[msgspec.Struct]]:
    replies = [method.reply for method in QUALIFIED_METHODS.values()]
    types = [m.form for m in members(DARKROOM) if isinstance(m, Type) and issubclass(m.form, msgspec.Struct)]
    return [form for form in dict.fromkeys((*replies, *types)) if issubclass(form, Payload)]


def test_what_is_printed_from_the_types_is_the_shipped_contract() -> None:
    printed = describe(DARKROOM)

    assert printed == SHIPPED.read_text(encoding="utf-8")


def test_what_is_printed_of_the_figures_is_shipped_as_well() -> None:
    shipped = SHIPPED.with_name("io.darkroomd.Metrics.varlink")

    assert describe(METRICS) == shipped.read_text(encoding="utf-8")


@pytest.mark.skipif(not SHARED.exists(), reason="the agreed contract does not stand beside this checkout")
def test_the_shipped_contract_is_the_agreed_one() -> None:
    assert SHIPPED.read_bytes() == SHARED.read_bytes()


def test_the_service_interface_lists_what_the_standard_asks_for() -> None:
    printed = describe(SERVICE)

    lines = [line for line in printed.splitlines() if line and not line.startswith("#")]
    assert lines == [
        "interface org.varlink.service",
        (
            "method GetInfo() -> (vendor: string, product: string, version: string, url: string,"
            " interfaces: []string)"
        ),
        "method GetInterfaceDescription(interface: string) -> (description: string)",
        "error InterfaceNotFound (interface: string)",
        "error MethodNotFound (method: string)",
        "error MethodNotImplemented (method: string)",
        "error InvalidParameter (parameter: string)",
        "error PermissionDenied ()",
        "error ExpectedMore ()",
        "error ExpectedUpgrade ()",
    ]


def test_every_method_of_the_contract_is_in_the_table() -> None:
    listed = [member.name for member in members(DARKROOM) if isinstance(member, Method)]

    assert listed == list(METHODS)


@pytest.mark.parametrize(
    ("interface", "kinds"),
    [
        pytest.param(DARKROOM, DARKROOM_ERRORS, id="darkroom"),
        pytest.param(SERVICE, SERVICE_ERRORS, id="service"),
    ],
)
def test_every_error_of_the_contract_has_an_exception(interface: Interface, kinds: tuple[type, ...]) -> None:
    listed = [member.kind for member in members(interface) if isinstance(member, Error)]

    assert listed == list(kinds)


@pytest.mark.parametrize("form", payloads(), ids=lambda form: form.__name__)
def test_only_nullable_fields_of_what_the_daemon_sends_may_be_missing(form: type[msgspec.Struct]) -> None:
    hints = typing.get_type_hints(form)

    nullable = {name for name, hint in hints.items() if NoneType in typing.get_args(hint)}

    optional = {field.name for field in msgspec.structs.fields(form) if not field.required}
    assert optional == nullable


@pytest.mark.parametrize("method", METHODS.values(), ids=lambda method: method.name)
def test_parameters_refuse_what_they_do_not_know(method: Method) -> None:
    assert issubclass(method.parameters, Input)
    assert method.parameters.__struct_config__.forbid_unknown_fields
    assert method.parameters.__struct_config__.frozen


def test_a_type_the_language_lacks_cannot_be_described() -> None:
    class Measured(Payload, frozen=True, kw_only=True):
        """A value with a fraction."""

        seconds: float

    interface = Interface("io.example", "", (Section("", (Type(Measured),)),))

    with pytest.raises(TypeError, match="float"):
        describe(interface)
