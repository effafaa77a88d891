from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from darkroomd.core.model import CorrelationId, Fingerprint, Photo, PhotoId, PhotoState, SessionId
from darkroomd.core.output_plan import OutputPlan, former_folders, outputs_by_recipe
from darkroomd.core.recipes import Format, Recipe

SESSION = Path("/party")
NOON_USEC = 1_751_544_005_000_000
"""2025-07-03 12:00:05 UTC."""

JPG = Recipe()
WEB = Recipe(name="web", folder="Web", file_name="{time}_{stem}", format=Format.WEBP)
PNG = Recipe(name="png", file_name="{sequence}", format=Format.PNG)
PLAN = OutputPlan((JPG, WEB, PNG), "pipeline")


def photo(name: str, *, captured_at_usec: int | None = None) -> Photo:
    return Photo(
        id=PhotoId("p"),
        session_id=SessionId("s"),
        name=name,
        raw=SESSION / "Raw" / name,
        fingerprint=Fingerprint(1, 2, 3, 4, 5),
        look="look",
        preset_id=None,
        state=PhotoState.DEVELOPED,
        discarded_by=None,
        captured_at_usec=captured_at_usec,
        corrected_at_usec=None,
        unsupported=(),
        warnings=(),
        camera="",
        attempts=0,
        last_attempt_at_usec=None,
        outputs=(),
        failure=None,
        correlation_id=CorrelationId("c"),
        arrived_at_usec=0,
        revision=1,
    )


def paths(one: Photo) -> list[str]:
    labels = PLAN.labels(["A_7.NEF", "B_7.NEF"])
    found = PLAN.paths(one, SESSION, labels)
    assert list(found) == ["jpg", "web", "png"]
    return [str(path.relative_to(SESSION)) for path in found.values()]


def test_each_recipe_has_its_folder_and_its_names() -> None:
    assert paths(photo("A_7.NEF", captured_at_usec=NOON_USEC)) == [
        "Jpg/A_7.jpg",
        "Web/120005_A_7.webp",
        "Jpg/7.png",
    ]


def test_photos_that_a_recipe_cannot_tell_apart_by_number_get_longer_names() -> None:
    assert paths(photo("B_7.NEF"))[2] == "Jpg/7-B_7.nef.png"


def test_names_have_the_time_of_the_photos_own_wall_clock() -> None:
    abroad = replace(photo("A_7.NEF", captured_at_usec=NOON_USEC), zone_minutes=330)

    assert paths(abroad)[1] == "Web/173005_A_7.webp"


def test_a_folder_is_named_once() -> None:
    assert PLAN.folders == ("Jpg", "Web")


def test_photos_are_told_that_are_called_differently_by_any_recipe() -> None:
    names = ["A_7.NEF", "B_7.NEF", "C_8.NEF"]

    assert PLAN.renamed_by(["A_7.NEF"], names) == ("B_7.NEF",)
    assert replace(PLAN, recipes=(JPG, WEB)).renamed_by(["A_7.NEF"], names) == ()


def test_folders_that_recipes_wrote_into_before_are_those_in_the_session_itself() -> None:
    outputs = ["Jpg/A.jpg", "Print/A.tif", "Print/B.tif", "Raw/A.jpg", "Old/deep/A.jpg", "A.jpg"]

    former = former_folders(PLAN, SESSION, [*(SESSION / path for path in outputs), Path("/else/Big/A.jpg")])

    assert former == ("Print",)


def test_recipes_are_found_in_the_order_of_the_plan() -> None:
    assert outputs_by_recipe(PLAN, ["png", "jpg", "gone"]) == (JPG, PNG)
