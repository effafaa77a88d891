"""Several recipes with the real daemon: one development, an output of each, and only what is due anew."""

from __future__ import annotations

import json
import signal
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from darkroomd.core.naming import part_name
from darkroomd.imaging.dng import Facts
from forked import running
from make import make_dng
from running import QUICK, Daemon

WEB = """
[[recipe]]
name = "web"
folder = "Web"
file_name = "{date}-{time}_{stem}"
format = "webp"
quality = %d
long_edge = 48
"""
THREE = f"""
[[recipe]]
{WEB % 80}
[[recipe]]
name = "print"
folder = "Print"
format = "tiff"
bits = 16
colour_space = "display-p3"
copyright = "(c) Anna"
"""


def start_session(folder: Path) -> Path:
    session = folder / "party"
    (session / "Raw").mkdir(parents=True)
    return session


def developed(folder: Path, session: Path, recipes: str, *, count: int) -> list[str]:
    """Run a daemon until so many outputs were made and recorded; return where they are."""
    with running(folder, "--session", str(session), config=recipes + QUICK) as daemon:
        lines = daemon.wait_for_all("item_developed", count)
        until_recorded(daemon, session)
        daemon.stop()
    assert sum(line.get("event") == "development_started" for line in daemon.lines) <= 1
    return sorted(str(Path(line["output"]).relative_to(session)) for line in lines)


def until_recorded(daemon: Daemon, session: Path) -> None:
    while not (entries := entry_of(session)) or not entries["backgroundExportCompleted"]:
        daemon.wait_for("session_record_written")


def entry_of(session: Path) -> dict[str, Any]:
    try:
        document = json.loads((session / "boothy.session.json").read_bytes())
    except FileNotFoundError:
        return {}
    photos: list[dict[str, Any]] = document["photos"]
    return photos[0] if photos else {}


def stamps(session: Path, *folders: str) -> list[tuple[int, int]]:
    found = [path.stat() for folder in folders for path in sorted((session / folder).iterdir())]
    return [(one.st_ino, one.st_mtime_ns) for one in found]


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """A session with one photo, developed by three recipes."""
    session = start_session(tmp_path)
    taken = Facts(taken_at=datetime(2024, 5, 4, 0, 30, 15, tzinfo=timezone(timedelta(hours=2))))
    make_dng(tmp_path / "A.dng", width=96, height=64, facts=taken).rename(session / "Raw" / "A.dng")
    made = developed(tmp_path, session, THREE, count=3)
    assert len(made) == 3
    return session


def test_every_recipe_makes_its_output_from_one_development(session: Path) -> None:
    outputs = {one["recipe"]: one["file"] for one in entry_of(session)["outputs"]}

    assert (outputs["jpg"], outputs["print"]) == ("Jpg/A.jpg", "Print/A.tif")
    assert outputs["web"] == "Web/20240504-003015_A.webp"
    with Image.open(session / outputs["web"]) as web:
        assert (web.format, max(web.size)) == ("WEBP", 48)
    with Image.open(session / "Print" / "A.tif") as tiff:
        assert tiff.format == "TIFF"
        assert tiff.getexif()[33432] == "(c) Anna"
    assert list(session.rglob("*.part")) == []


def test_a_changed_recipe_makes_its_own_output_anew_and_no_other(tmp_path: Path, session: Path) -> None:
    web = entry_of(session)["outputs"][-1]["file"]
    before = (stamps(session, "Jpg", "Print"), (session / web).read_bytes())

    made = developed(tmp_path, session, THREE.replace("quality = 80", "quality = 40"), count=1)

    assert made == [web]
    assert stamps(session, "Jpg", "Print") == before[0]
    assert (session / web).read_bytes() != before[1]


def test_a_recipe_that_goes_leaves_its_files(tmp_path: Path, session: Path) -> None:
    before = sorted(session.rglob("*.*"))

    with running(tmp_path, "--session", str(session), config=QUICK) as daemon:
        daemon.wait_for("session_found")
        make_dng(tmp_path / "B.dng").rename(session / "Raw" / "B.dng")
        line = daemon.wait_for("item_developed")
        daemon.stop()

    assert line["output"].endswith("Jpg/B.jpg")
    assert [path for path in before if not path.exists()] == []


def test_a_recipe_that_is_renamed_takes_over_its_outputs_and_one_that_comes_back_makes_them_anew(
    tmp_path: Path, session: Path
) -> None:
    before = (session / "Jpg" / "A.jpg").read_bytes()
    framed = "[[recipe]]\nname = 'framed'\nlong_edge = 48\n"

    made = [developed(tmp_path, session, framed, count=1)]
    recipes = [one["recipe"] for one in entry_of(session)["outputs"] if one["file"] == "Jpg/A.jpg"]
    made.append(developed(tmp_path, session, "", count=1))

    assert made == [["Jpg/A.jpg"], ["Jpg/A.jpg"]]
    assert recipes == ["framed"]
    assert [one["recipe"] for one in entry_of(session)["outputs"] if one["file"] == "Jpg/A.jpg"] == ["jpg"]
    assert (session / "Jpg" / "A.jpg").read_bytes() == before


@pytest.mark.parametrize("lost", ["nothing", "queue.db"])
def test_part_files_of_a_recipe_that_went_are_swept(tmp_path: Path, session: Path, lost: str) -> None:
    (session / "Print" / part_name("A.tif", 7)).write_bytes(b"half")
    (session / "Print" / ".A.tif.theirs.part").write_bytes(b"other")
    for file in (tmp_path / "state").glob(f"{lost}*"):
        file.unlink()

    with running(tmp_path, "--session", str(session), config=QUICK) as daemon:
        line = daemon.wait_for("parts_swept")
        daemon.stop()

    assert line["count"] == 1
    assert sorted(file.name for file in (session / "Print").iterdir()) == [".A.tif.theirs.part", "A.tif"]


def test_an_output_that_was_deleted_is_made_again_and_no_other(tmp_path: Path, session: Path) -> None:
    before = stamps(session, "Jpg", "Web")
    (session / "Print" / "A.tif").unlink()

    made = developed(tmp_path, session, THREE, count=1)

    assert made == ["Print/A.tif"]
    assert stamps(session, "Jpg", "Web") == before


def test_an_overlay_that_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    session = start_session(tmp_path)
    overlay = f'[recipe.overlay]\nfile = "{tmp_path / "none.png"}"\n'

    with running(tmp_path, "--session", str(session), config=overlay + QUICK, ready=False) as daemon:
        line = daemon.wait_for("start_refused")
        status = daemon.ended()

    assert (status, line["code"]) == (2, "config.overlay_unusable")
    assert "none.png" in line["message"]


def test_an_overlay_that_changes_meanwhile_holds_the_queue_and_leaves_what_is_finished(
    tmp_path: Path,
) -> None:
    session, mark = start_session(tmp_path), tmp_path / "mark.png"
    config = f'[recipe.overlay]\nfile = "{mark}"\n'
    Image.new("RGBA", (4, 4), (255, 0, 0, 255)).save(mark)
    content = mark.read_bytes()
    with running(tmp_path, "--session", str(session), config=config + QUICK) as daemon:
        daemon.wait_for("session_found")
        make_dng(tmp_path / "A.dng").rename(session / "Raw" / "A.dng")
        daemon.wait_for("item_developed")
        before = stamps(session, "Jpg")

        Image.new("RGBA", (4, 4), (0, 0, 255, 255)).save(mark)
        make_dng(tmp_path / "B.dng").rename(session / "Raw" / "B.dng")
        daemon.wait_for("queue_waits", reason="recipe.overlay_changed")
        held = stamps(session, "Jpg")
        mark.write_bytes(content)
        line = daemon.wait_for("item_developed")
        daemon.stop()

    assert held == before == stamps(session, "Jpg")[:1]
    assert line["output"].endswith("Jpg/B.jpg")


def test_an_overlay_that_changes_makes_outputs_anew(tmp_path: Path) -> None:
    session, mark = start_session(tmp_path), tmp_path / "mark.png"
    make_dng(tmp_path / "A.dng").rename(session / "Raw" / "A.dng")
    config = f'[recipe.overlay]\nfile = "{mark}"\nplace = "frame"\n'
    Image.new("RGBA", (4, 4), (255, 0, 0, 255)).save(mark)
    developed(tmp_path, session, config, count=1)
    Image.new("RGBA", (4, 4), (0, 0, 255, 255)).save(tmp_path / "new.png")
    (tmp_path / "new.png").replace(mark)

    made = developed(tmp_path, session, config, count=1)

    assert made == ["Jpg/A.jpg"]
    with Image.open(session / "Jpg" / "A.jpg") as picture:
        red, blue = (picture.getchannel(channel).getpixel((50, 30)) for channel in "RB")
    assert (red, blue) == (0, 254)


def test_an_overlay_that_is_read_again_lets_the_queue_go_on_and_makes_outputs_anew(tmp_path: Path) -> None:
    session, mark = start_session(tmp_path), tmp_path / "mark.png"
    config = f'[recipe.overlay]\nfile = "{mark}"\nplace = "frame"\n'
    Image.new("RGBA", (4, 4), (255, 0, 0, 255)).save(mark)
    with running(tmp_path, "--session", str(session), config=config + QUICK) as daemon:
        daemon.wait_for("session_found")
        make_dng(tmp_path / "A.dng").rename(session / "Raw" / "A.dng")
        daemon.wait_for("item_developed")
        Image.new("RGBA", (4, 4), (0, 0, 255, 255)).save(mark)
        make_dng(tmp_path / "B.dng").rename(session / "Raw" / "B.dng")
        daemon.wait_for("queue_waits", reason="recipe.overlay_changed")

        daemon.process.send_signal(signal.SIGHUP)
        made = {line["output"] for line in daemon.wait_for_all("item_developed", 2)}
        daemon.stop()

    assert {Path(output).name for output in made} == {"A.jpg", "B.jpg"}
    for output in made:
        with Image.open(output) as picture:
            assert picture.getchannel("B").getpixel((50, 30)) == 254
