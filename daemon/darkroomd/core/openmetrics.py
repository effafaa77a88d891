"""Figures as text, by the rules of OpenMetrics 1.0, of which the older Prometheus format is a part.

Only counters, gauges and histograms: of other types, readers of the older format refuse the whole file.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

MOST_SERIES: Final = 256
"""Combinations of labels that one tally counts apart; those that come later are counted as `OTHER`."""

OTHER: Final = "other"

_ESCAPES: Final = {"\\": r"\\", '"': r"\"", "\n": r"\n"}


class Kind(StrEnum):
    """What a figure does: only grow, come and go, or spread over buckets."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What is measured.

    Attributes:
        name: without the suffix that a kind adds; it ends in the unit, if there is one.
        help: a sentence.
        unit: such as "seconds" and "bytes"; empty: a number of something.
        labels: names of what its series are told apart by.
        buckets: of a histogram: upper bounds, ascending; one for everything follows by itself.
    """

    name: str
    kind: Kind
    help: str
    unit: str = ""
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Spread:
    """How many values were up to each bucket's bound, more than the one before; and the sum of all values."""

    counts: tuple[int, ...]
    total: float


Series: TypeAlias = Mapping[tuple[str, ...], float | Spread]
"""Values by what the labels say, in their order."""


class Tally:
    """Counts for a family, by what labels say."""

    def __init__(self, family: Family) -> None:
        # Without labels it is known from the beginning what is counted: nothing yet.
        self._counts: dict[tuple[str, ...], float] = {} if family.labels else {(): 0}

    def add(self, *labels: str, amount: float = 1) -> None:
        """Count so many more."""
        if labels not in self._counts and len(self._counts) >= MOST_SERIES:
            labels = (OTHER,) * len(labels)
        self._counts[labels] = self._counts.get(labels, 0) + amount

    def series(self) -> Series:
        """Return what was counted up to now."""
        return dict(self._counts)


class Histogram:
    """Spreads values over the buckets of a family, by what labels say."""

    def __init__(self, family: Family) -> None:
        self._bounds = family.buckets
        self._nothing = Spread((0,) * (len(family.buckets) + 1), 0.0)
        self._spreads: dict[tuple[str, ...], Spread] = {} if family.labels else {(): self._nothing}

    def observe(self, value: float, *labels: str) -> None:
        """Take a value in; what is no number, or less than nothing, is none."""
        if not 0 <= value < math.inf:
            return
        if labels not in self._spreads and len(self._spreads) >= MOST_SERIES:
            labels = (OTHER,) * len(labels)
        known = self._spreads.get(labels, self._nothing)
        counts = list(known.counts)
        counts[bisect_left(self._bounds, value)] += 1
        self._spreads[labels] = Spread(tuple(counts), known.total + value)

    def series(self) -> Series:
        """Return what was taken in up to now."""
        return dict(self._spreads)


def exposition(figures: Iterable[tuple[Family, Series]], *, created: float) -> str:
    """Return figures as text; counters and histograms have counted since `created`, in seconds since 1970."""
    lines: list[str] = []
    for family, series in figures:
        lines += _head(family)
        for labels, value in sorted(series.items()):
            lines += _samples(family, dict(zip(family.labels, labels, strict=True)), value, created)
    return "\n".join([*lines, "# EOF\n"])


def _head(family: Family) -> Iterator[str]:
    yield f"# TYPE {family.name} {family.kind}"
    if family.unit:
        yield f"# UNIT {family.name} {family.unit}"
    yield f"# HELP {family.name} {_escaped(family.help)}"


def _samples(
    family: Family, labels: Mapping[str, str], value: float | Spread, created: float
) -> Iterator[str]:
    name = family.name
    if isinstance(value, Spread):
        upto = 0
        for bound, count in zip((*family.buckets, math.inf), value.counts, strict=True):
            upto += count
            yield _sample(f"{name}_bucket", {**labels, "le": _number(bound)}, upto)
        yield _sample(f"{name}_count", labels, upto)
        yield _sample(f"{name}_sum", labels, value.total)
    elif family.kind is Kind.COUNTER:
        yield _sample(f"{name}_total", labels, value)
    else:
        yield _sample(name, labels, value)
        return
    yield _sample(f"{name}_created", labels, created)


def _sample(name: str, labels: Mapping[str, str], value: float) -> str:
    told = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    return f"{name}{{{told}}} {_number(value)}" if told else f"{name} {_number(value)}"


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return repr(value)


def _escaped(text: str) -> str:
    # A surrogate, as in names that are not UTF-8, cannot be sent.
    sendable = text.encode("utf-8", "replace").decode()
    return "".join(_ESCAPES.get(mark, mark) for mark in sendable)
