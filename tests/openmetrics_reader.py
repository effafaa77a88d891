"""A strict reader of OpenMetrics text: what the standard forbids, it refuses."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Final, TypeAlias

Labels: TypeAlias = tuple[tuple[str, str], ...]
Samples: TypeAlias = Mapping[str, Mapping[Labels, float]]

SUFFIXES: Final = {
    "counter": ("_total", "_created"),
    "gauge": ("",),
    "histogram": ("_bucket", "_count", "_sum", "_created"),
}

_META: Final = re.compile(r"# (TYPE|UNIT|HELP) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)", re.DOTALL)
_SAMPLE: Final = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)", re.DOTALL)
_LABEL: Final = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)', re.DOTALL)


def read_metrics(text: str) -> Samples:
    """Return all samples by name and labels; raise `AssertionError` where the text is not as it should be."""
    assert text.endswith("# EOF\n"), "the end is missing"
    found: dict[str, dict[Labels, float]] = {}
    family, kind, meta = "", "", set[str]()
    known = set[str]()
    for line in text.removesuffix("# EOF\n").removesuffix("\n").split("\n") if text != "# EOF\n" else []:
        described = _META.fullmatch(line)
        if described is not None:
            word, name, rest = described.groups()
            if name != family:
                assert name not in known, f"{name} stands twice"
                family, kind, meta = name, "", set()
                known.add(name)
            assert word not in meta, f"{word} of {name} stands twice"
            meta.add(word)
            kind = rest if word == "TYPE" else kind
            assert word != "UNIT" or name.endswith(f"_{rest}"), f"{name} does not end in its unit"
            continue
        name, labels, value = read_sample(line)
        assert name.removeprefix(family) in SUFFIXES[kind], f"{name} is no sample of the {kind} {family}"
        series = found.setdefault(name, {})
        assert labels not in series, f"{line} stands twice"
        series[labels] = value
    check_histograms(found)
    return found


def read_sample(line: str) -> tuple[str, Labels, float]:
    """Return name, labels and value of one line."""
    matched = _SAMPLE.fullmatch(line)
    assert matched is not None, f"{line!r} is no sample"
    name, between, number = matched.groups()
    labels, rest = [], between or ""
    while rest:
        label = _LABEL.match(rest)
        assert label is not None, f"{line!r} has labels that are none"
        text = re.sub(r"\\(.)", lambda escape: {"n": "\n"}.get(escape[1], escape[1]), label[2])
        labels.append((label[1], text))
        rest = rest[label.end() :]
    assert len({key for key, _ in labels}) == len(labels), f"{line!r} has a label twice"
    value = float(number)
    assert not math.isnan(value), f"{line!r} has no value"
    return name, tuple(labels), value


def check_histograms(found: Samples) -> None:
    """Refuse buckets that do not ascend, or do not add up."""
    for name, series in found.items():
        if not name.endswith("_bucket"):
            continue
        counts: dict[Labels, list[tuple[float, float]]] = {}
        for labels, value in series.items():
            others = tuple(label for label in labels if label[0] != "le")
            counts.setdefault(others, []).append((float(dict(labels)["le"]), value))
        for others, buckets in counts.items():
            assert buckets == sorted(buckets), f"{name} does not ascend"
            assert [count for _, count in buckets] == sorted(count for _, count in buckets)
            assert buckets[-1] == (math.inf, found[name.replace("_bucket", "_count")][others])
