from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroomd.core.archive_plan import (
    ArchivePlan,
    ContentHashes,
    Entry,
    NeedsHashes,
    Placement,
    Source,
    Standing,
    bears_on,
    folders_of,
    plan_archive,
)
from darkroomd.core.model import PhotoId, SessionId
from darkroomd.core.naming import fold

# 2026-05-01 09:08:07
SECOND = 1_777_626_487_000_000
NAME = "20260501_090807"

Archive = Mapping[str, str | None]
"""What stands in an archive: contents by path; None for a folder or a link."""


def entry(
    number: int,
    *,
    taken_usec: int | None = SECOND,
    raw: str | None = None,
    sidecar: str | None = "look",
    output: str | None = None,
    name: str | None = None,
    hashed: bool = True,
) -> Entry:
    """Return a photo whose contents are texts; unless said otherwise its own, but for the sidecar."""
    contents = {".NEF": raw or f"raw {number}", ".NEF.rrdata": sidecar, ".jpg": output or f"jpg {number}"}
    sources = tuple(
        Source(Path(f"/{number}{tail}"), tail, len(content), content if hashed else None)
        for tail, content in contents.items()
        if content
    )
    return Entry(
        PhotoId(f"{number:016x}"), SessionId("s"), name or f"IMG_{number:04}.NEF", taken_usec, sources
    )


def planned(
    entries: Collection[Entry], archive: Archive, contents: Mapping[Path, str] | None = None
) -> ArchivePlan:
    """Return the plan, with all the hashes that it asks for."""
    sizes: dict[str, dict[str, int | None]] = {}
    for path, content in archive.items():
        folder, _, name = path.partition("/")
        sizes.setdefault(folder, {})[name] = None if content is None else len(content)
    hashes = ContentHashes()
    for _ in range(2):
        plan = plan_archive(entries, Standing(sizes), hashes)
        if isinstance(plan, ArchivePlan):
            return plan
        sources = {path: (contents or {}).get(path) for path in plan.sources}
        hashes = ContentHashes({path: archive[path] for path in plan.standing}, sources)
    pytest.fail("the plan asked twice")


def copied(plan: ArchivePlan, archive: Archive, *, first: int = 99) -> dict[str, str | None]:
    """Return what stands there once the `first` files of each photo are copied."""
    after = dict(archive)
    for place in plan.placements.values():
        for placed in place.missing[:first]:
            assert place.path_of(placed) not in after
            after[place.path_of(placed)] = placed.source.sha256
    return after


def stems(plan: ArchivePlan, entries: Sequence[Entry]) -> list[str]:
    return [plan.placements[each.photo_id].stem for each in entries]


def names(place: Placement) -> list[str]:
    return [placed.name for placed in (*place.missing, *place.standing)]


# Few times, names and contents, so that there are many clashes; contents "a" and "b" are of one size.
TIMES = st.sampled_from([None, SECOND, SECOND + 1, SECOND + 1_000_000, -5])
NAMES = st.sampled_from(["A.NEF", "a.nef", "A_001.NEF", "CON.NEF", "\udcff.NEF"])
CONTENTS = st.sampled_from(["a", "b", "long"])


@st.composite
def clashing(draw: st.DrawFn) -> list[Entry]:
    rows = draw(
        st.lists(st.tuples(TIMES, NAMES, CONTENTS, st.none() | CONTENTS, st.none() | CONTENTS), max_size=8)
    )
    return [
        entry(number, taken_usec=taken, name=name, raw=raw, sidecar=sidecar, output=output)
        for number, (taken, name, raw, sidecar, output) in enumerate(rows)
    ]


@st.composite
def different(draw: st.DrawFn) -> list[Entry]:
    rows = draw(st.lists(st.tuples(TIMES, NAMES), max_size=8))
    return [entry(number, taken_usec=taken, name=name) for number, (taken, name) in enumerate(rows)]


FOREIGN = st.dictionaries(
    st.builds(
        "{}/{}{}{}".format,
        st.sampled_from(["2026", "unknown"]),
        st.sampled_from([NAME, "A", "a", "_CON", "B"]),
        st.sampled_from(["", "_001", "_002", "_000", ".x"]),
        st.sampled_from([".NEF", ".nef", ".NEF.rrdata", ".jpg", "", ".txt"]),
    ),
    st.none() | CONTENTS,
    max_size=6,
)


@given(entries=clashing(), archive=FOREIGN)
def test_no_two_files_get_one_name_and_none_that_is_taken(entries: list[Entry], archive: Archive) -> None:
    plan = planned(entries, archive)

    placed = [fold(f"{place.folder}/{name}") for place in plan.placements.values() for name in names(place)]
    new = [fold(place.path_of(one)) for place in plan.placements.values() for one in place.missing]
    assert len(set(placed)) == len(placed)
    assert not {*new} & {fold(path) for path in archive}


@given(entries=clashing(), archive=FOREIGN)
def test_no_other_photos_file_has_a_photos_stem(entries: list[Entry], archive: Archive) -> None:
    plan = planned(entries, archive)

    after = copied(plan, archive)
    for place in plan.placements.values():
        of_stem = {
            path for path in after if fold(path.partition(".")[0]) == fold(f"{place.folder}/{place.stem}")
        }
        assert of_stem == {f"{place.folder}/{name}" for name in names(place)}


@given(entries=clashing(), archive=FOREIGN, seed=st.randoms(use_true_random=False))
def test_the_order_of_discovery_is_irrelevant(entries: list[Entry], archive: Archive, seed: object) -> None:
    shuffled = list(entries)
    seed.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis hands out random.Random

    assert planned(shuffled, dict(reversed(archive.items()))) == planned(entries, archive)


@given(entries=clashing(), archive=FOREIGN)
def test_what_bears_on_no_photo_changes_no_plan(entries: list[Entry], archive: Archive) -> None:
    bases = folders_of(entries)

    bearing = {
        path: content
        for path, content in archive.items()
        if bears_on(path.partition("/")[2], bases.get(path.partition("/")[0], ()))
    }

    assert planned(entries, bearing) == planned(entries, archive)


@given(entries=clashing(), archive=FOREIGN)
def test_what_stands_is_identical(entries: list[Entry], archive: Archive) -> None:
    plan = planned(entries, archive)

    for place in plan.placements.values():
        assert all(archive[place.path_of(one)] == one.source.sha256 for one in place.standing)


@given(entries=clashing(), archive=FOREIGN)
def test_a_second_archive_copies_nothing(entries: list[Entry], archive: Archive) -> None:
    after = copied(planned(entries, archive), archive)

    again = planned(entries, after)

    assert again.bytes_needed == 0
    assert copied(again, after) == after


@given(entries=different(), archive=FOREIGN, count=st.integers(0, 8))
def test_new_photos_make_no_older_one_move(entries: list[Entry], archive: Archive, count: int) -> None:
    older = entries[::-1][:count]
    first = planned(older, archive)

    then = planned(entries, copied(first, archive))

    assert stems(then, older) == stems(first, older)
    assert not any(then.placements[each.photo_id].missing for each in older)


@given(entries=different(), archive=FOREIGN, first=st.integers(1, 3))
def test_half_copied_photos_keep_their_stems(entries: list[Entry], archive: Archive, first: int) -> None:
    whole = planned(entries, archive)

    then = planned(entries, copied(whole, archive, first=first))

    assert stems(then, entries) == stems(whole, entries)
    assert copied(then, copied(whole, archive, first=first)) == copied(whole, archive)


@given(entries=different(), archive=FOREIGN)
def test_a_photo_is_found_wherever_it_stands_in_the_numbers(entries: list[Entry], archive: Archive) -> None:
    whole = planned(entries, archive)

    alone = [planned([each], copied(whole, archive)) for each in entries]

    assert [plan.bytes_needed for plan in alone] == [0] * len(entries)
    assert [stems(plan, [each]) for plan, each in zip(alone, entries, strict=True)] == [
        [stem] for stem in stems(whole, entries)
    ]


def test_a_burst_is_numbered_in_the_order_of_time_then_name() -> None:
    burst = [
        entry(3, taken_usec=SECOND + 5),
        entry(1, taken_usec=SECOND + 9),
        entry(2, taken_usec=SECOND + 5),
    ]

    plan = planned(burst, {})

    assert stems(plan, burst) == [f"{NAME}_001", f"{NAME}_002", NAME]
    assert {place.folder for place in plan.placements.values()} == {"2026"}
    assert folders_of(burst) == {"2026": {NAME}}


def test_all_files_of_a_photo_share_one_stem() -> None:
    plan = planned([entry(1)], {f"2026/{NAME}.txt": "a note"})

    (place,) = plan.placements.values()
    assert names(place) == [f"{NAME}_001.NEF", f"{NAME}_001.NEF.rrdata", f"{NAME}_001.jpg"]


@pytest.mark.parametrize(
    "standing",
    [
        pytest.param({".NEF": "other"}, id="different-content"),
        pytest.param({".NEF": "raw 2"}, id="different-content-of-equal-size"),
        pytest.param({".NEF": "raw 1", ".jpg": "jpg 2"}, id="one-of-two-differs"),
        pytest.param({".NEF": "raw 1", ".txt": "a note"}, id="something-else-has-the-stem"),
        pytest.param({".NEF": "raw 1", ".nef": "raw 1"}, id="two-names-but-for-case"),
        pytest.param({".NEF": None}, id="a-folder-or-a-link"),
        pytest.param({"": None}, id="a-folder-called-like-the-stem"),
    ],
)
def test_a_stem_is_taken_by_anything_else(standing: dict[str, str | None]) -> None:
    plan = planned([entry(1)], {f"2026/{NAME}{tail}": content for tail, content in standing.items()})

    assert stems(plan, [entry(1)]) == [f"{NAME}_001"]


def test_outputs_archived_before_get_their_originals_under_the_same_stem() -> None:
    plan = planned([entry(1)], {f"2026/{NAME}_007.jpg": "jpg 1"})

    (place,) = plan.placements.values()
    assert [one.name for one in place.standing] == [f"{NAME}_007.jpg"]
    assert [one.name for one in place.missing] == [f"{NAME}_007.NEF", f"{NAME}_007.NEF.rrdata"]


def test_a_file_that_a_file_system_calls_a_little_different_is_found() -> None:
    photo = entry(1, taken_usec=None, name="é.NEF")

    plan = planned([photo], {"unknown/e\u0301.nef": "raw 1"})

    (place,) = plan.placements.values()
    assert [one.name for one in place.standing] == ["e\u0301.nef"]
    assert [one.name for one in place.missing] == ["e\u0301.NEF.rrdata", "e\u0301.jpg"]


def test_of_equal_claims_the_photo_that_is_there_as_a_whole_goes_first() -> None:
    half, more = entry(1, raw="r"), entry(2, raw="r")
    whole = replace(more, sources=more.sources[:2])
    archive = {f"2026/{NAME}.NEF": "r", f"2026/{NAME}.NEF.rrdata": "look"}

    plan = planned([half, whole], archive)

    assert stems(plan, [half, whole]) == [f"{NAME}_001", NAME]


def test_the_stem_with_more_of_a_photo_is_its_own() -> None:
    first, second = entry(1), entry(2)
    archive = {f"2026/{NAME}.NEF.rrdata": "look", f"2026/{NAME}_001.NEF": "raw 1"}

    plan = planned([first, second], archive)

    assert stems(plan, [first, second]) == [f"{NAME}_001", NAME]


def test_only_what_may_be_the_same_is_hashed() -> None:
    photo = entry(1, hashed=False)
    sizes = {f"{NAME}.NEF": 5, f"{NAME}_001.NEF": 6, f"{NAME}_002.NEF": 5, f"{NAME}_002.txt": 1}

    wanted = plan_archive([photo], Standing({"2026": sizes}))

    assert wanted == NeedsHashes((f"2026/{NAME}.NEF",), (Path("/1.NEF"),))


def test_photos_that_are_done_keep_their_stems_unseen() -> None:
    done, photo = entry(1, hashed=False), entry(2, hashed=False)
    sizes = {f"{NAME}.NEF": 5, f"{NAME}.NEF.rrdata": 4, f"{NAME}.jpg": 5}
    settled = [f"2026/{NAME}", f"2026/{NAME}_001", "2027/other"]

    plan = plan_archive([photo], Standing({"2026": sizes}), settled=settled)

    assert isinstance(plan, ArchivePlan)
    assert stems(plan, [photo]) == [f"{NAME}_002"]
    assert isinstance(plan_archive([done, photo], Standing({"2026": sizes})), NeedsHashes)


def test_hashes_that_nobody_can_take_are_asked_for_once() -> None:
    plan = planned([entry(1, hashed=False)], {f"2026/{NAME}.NEF": "raw 1"})

    assert stems(plan, [entry(1)]) == [f"{NAME}_001"]


def test_a_hash_taken_now_is_as_good_as_one_on_record() -> None:
    plan = planned(
        [entry(1, hashed=False)], {f"2026/{NAME}.NEF": "raw 1"}, contents={Path("/1.NEF"): "raw 1"}
    )

    assert stems(plan, [entry(1)]) == [NAME]


def test_the_photos_beyond_the_last_number_have_no_name_left() -> None:
    burst = [entry(number, taken_usec=SECOND + number) for number in range(1002)]

    plan = planned(burst, {f"2026/{NAME}_500.NEF": "somebody else's"})

    assert stems(plan, burst[:999])[498:502] == [f"{NAME}_{number}" for number in (498, 499, 501, 502)]
    assert plan.no_name_left == {each.photo_id for each in burst[999:]}


def test_thousands_of_equal_sidecars_are_no_square_of_work() -> None:
    burst = [entry(number, taken_usec=SECOND + number, raw=f"raw {number:04}") for number in range(1000)]
    archive = copied(planned(burst, {}), {})

    plan = planned(burst, archive)

    assert plan.bytes_needed == 0
    assert stems(plan, burst)[-1] == f"{NAME}_999"
