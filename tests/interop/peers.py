"""What peers say who go by a description of the interface that is not ours: an older one, or one to come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from interop.contract_growth import members

PLAIN: Final[Mapping[str, Any]] = {"int": 7, "string": "x", "bool": True, "object": {"a": [1]}, "float": 0.5}
FROM_TOMORROW: Final = {"fromTomorrow": {"more": [1, None, "x"]}}
NEW_WORD: Final = "dreaming"


@dataclass(frozen=True)
class Description:
    """Members of an interface as a peer knows them; `lists` are those of `contract_growth.members`."""

    lists: dict[str, list[dict[str, str]]]

    @classmethod
    def of(cls, text: str) -> Description:
        return cls(members(text))

    @property
    def methods(self) -> tuple[str, ...]:
        return tuple(name.split()[1] for name in self.lists if name.startswith("method "))

    @property
    def errors(self) -> tuple[str, ...]:
        return tuple(name.split()[1] for name in self.lists if name.startswith("error "))

    def call(self, method: str) -> dict[str, Any]:
        """Return parameters with which such a peer calls, every one given."""
        return self._said(self.lists[f"method {method}"][0], tomorrow=False, nulls="given")

    def reply(self, method: str, *, tomorrow: bool = False, nulls: str = "given") -> dict[str, Any]:
        """Return what such a peer replies.

        `tomorrow`: with fields and words that are in no description yet. `nulls`: what may be null is
        "given", "null", or "left out".
        """
        return self._said(self.lists[f"method {method}"][1], tomorrow=tomorrow, nulls=nulls)

    def fault(self, error: str, *, tomorrow: bool = False) -> dict[str, Any]:
        """Return the parameters of an error."""
        return self._said(self.lists[f"error {error}"][0], tomorrow=tomorrow, nulls="given")

    def objections(self, said: Mapping[str, Any], method: str) -> list[str]:
        """Return what such a peer does not understand of a reply; what it does not know it ignores."""
        return self._objections(said, self.lists[f"method {method}"][1], method)

    def _said(self, fields: Mapping[str, str], *, tomorrow: bool, nulls: str) -> dict[str, Any]:
        said = {
            name: self._value(form, tomorrow=tomorrow, nulls=nulls)
            for name, form in fields.items()
            if not (form.startswith("?") and nulls == "left out")
        }
        return {**said, **FROM_TOMORROW} if tomorrow else said

    def _value(self, form: str, *, tomorrow: bool, nulls: str) -> Any:
        if form.startswith("?"):
            return None if nulls == "null" else self._value(form[1:], tomorrow=tomorrow, nulls=nulls)
        if form.startswith("[]"):
            return [self._value(form[2:], tomorrow=tomorrow, nulls=nulls)]
        if form.startswith("[string]"):
            return {"k": self._value(form[8:], tomorrow=tomorrow, nulls=nulls)}
        if form in PLAIN:
            return PLAIN[form]
        [fields] = self.lists[f"type {form}"]
        if any(fields.values()):
            return self._said(fields, tomorrow=tomorrow, nulls=nulls)
        return NEW_WORD if tomorrow else next(iter(fields))

    def _objections(self, said: Mapping[str, Any], fields: Mapping[str, str], where: str) -> list[str]:
        missing = [f"{where}.{name} is missing" for name in fields if name not in said]
        odd = [
            objection
            for name, form in fields.items()
            if name in said
            for objection in self._odd(said[name], form, f"{where}.{name}")
        ]
        return missing + odd

    def _odd(self, value: Any, form: str, where: str) -> list[str]:
        if form.startswith("?"):
            return [] if value is None else self._odd(value, form[1:], where)
        if form.startswith("[]") and isinstance(value, list):
            return [objection for entry in value for objection in self._odd(entry, form[2:], where)]
        plain = {} if form.startswith("[") else PLAIN.get(form)
        if plain is not None:
            return [] if type(value) is type(plain) else [f"{where} is no {form}"]
        [fields] = self.lists[f"type {form}"]
        if any(fields.values()) and isinstance(value, dict):
            return self._objections(value, fields, where)
        return [] if value in fields else [f"{where} is no {form}"]
