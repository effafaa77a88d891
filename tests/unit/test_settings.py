from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from darkroomd.config import Config
from darkroomd.core.faults import ConfigInvalid, ConfigUnreadable
from darkroomd.settings import Settings, Sources
from darkroomd.system.paths import Places


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """A machine with nothing configured."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "home").mkdir()
    places = Places(
        system_config=tmp_path / "etc" / "config.toml",
        config=tmp_path / "home" / "config.toml",
        state=tmp_path / "state",
        socket=tmp_path / "d.sock",
    )
    return Sources(places=places)


def write(path: Path | None, text: str) -> None:
    assert path is not None
    path.write_text(text, encoding="utf-8")


def test_without_files_everything_has_its_default(sources: Sources) -> None:
    settings = Settings.gather(sources)

    assert settings.config == Config()
    assert settings.layers == ()


def test_the_users_file_counts_over_that_of_the_machine_key_by_key(sources: Sources) -> None:
    write(sources.places.system_config, 'roots = ["/srv"]\n[intake]\nquiet_seconds = 1\npoll_seconds = 7')
    write(sources.places.config, "[intake]\nquiet_seconds = 2")

    settings = Settings.gather(sources)

    assert (settings.config.intake.quiet_seconds, settings.config.intake.poll_seconds) == (2, 7)
    assert settings.roots == (Path("/srv"),)
    assert [layer.source for layer in settings.layers] == [
        str(sources.places.system_config),
        str(sources.places.config),
    ]


def test_the_file_that_was_named_stands_in_for_the_users(sources: Sources, tmp_path: Path) -> None:
    write(sources.places.system_config, "[intake]\npoll_seconds = 7")
    write(sources.places.config, "[intake]\nquiet_seconds = 2")
    write(tmp_path / "mine.toml", "[intake]\nscan_seconds = 9")

    intake = Settings.gather(replace(sources, config=tmp_path / "mine.toml")).config.intake

    assert (intake.poll_seconds, intake.quiet_seconds, intake.scan_seconds) == (7, 0.5, 9)


def test_the_configuration_of_the_machine_can_be_left_out(sources: Sources) -> None:
    write(sources.places.system_config, "this is no TOML")

    assert Settings.gather(replace(sources, with_system=False)).config == Config()


def test_what_the_command_line_sets_counts_over_all_files_the_last_most(sources: Sources) -> None:
    write(sources.places.config, "[worker]\nphotos = 2\nidle_seconds = 9")
    asked = replace(sources, overrides=("worker.photos = 3", "worker.photos=4", 'log.level="debug"'))

    settings = Settings.gather(asked)

    assert (settings.config.worker.photos, settings.config.worker.idle_seconds) == (4, 9)
    assert settings.levels.of("api") == "debug"
    assert settings.again() == settings


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        pytest.param("workers=photo", "--set workers=photo: this is not TOML", id="bare-word"),
        pytest.param("wokers=1", "--set wokers=1: wokers: there is no such key. Did you mean", id="unknown"),
        pytest.param("workers=0.5", "--set workers=0.5: workers: 0.5 is not right.", id="wrong-type"),
        pytest.param('roots=["a"]', '--set roots=["a"]: roots[0]: "a" is not an absolute', id="relative"),
        pytest.param("a=\udcff", "this is not TOML: it is not UTF-8", id="no-text"),
    ],
)
def test_what_the_command_line_sets_is_checked_like_a_file(sources: Sources, setting: str, said: str) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        Settings.gather(replace(sources, overrides=(setting,)))

    assert said in caught.value.message


def test_one_file_under_two_names_is_read_once(sources: Sources) -> None:
    assert sources.places.config is not None
    write(sources.places.system_config, "workers = 1")
    sources.places.config.symlink_to(sources.places.system_config)

    assert len(Settings.gather(sources).layers) == 1


def test_folders_of_the_command_line_are_watched_beside_those_of_the_files(sources: Sources) -> None:
    write(sources.places.config, 'roots = ["/a"]\nsessions = ["/b"]')

    settings = Settings.gather(replace(sources, roots=(Path("/c"),), sessions=(Path("/d"),)))

    assert settings.roots == (Path("/a"), Path("/c"))
    assert settings.sessions == (Path("/b"), Path("/d"))


def test_settings_gathered_again_are_what_the_files_say_now(sources: Sources) -> None:
    write(sources.places.config, "[retry]\nattempts = 4")
    settings = Settings.gather(replace(sources, roots=(Path("/c"),)))
    write(sources.places.config, "[retry]\nattempts = 5")
    write(sources.places.system_config, "[worker]\nphotos = 6")

    again = settings.again()

    assert (again.config.retry.attempts, again.config.worker.photos) == (5, 6)
    assert again.roots == (Path("/c"),)
    assert again.again() == again


def test_settings_gathered_again_are_refused_as_at_the_start(sources: Sources) -> None:
    settings = Settings.gather(sources)
    write(sources.places.config, "[retry]\natempts = 5")

    with pytest.raises(ConfigInvalid):
        settings.again()


def test_a_file_that_was_named_must_be_there(sources: Sources, tmp_path: Path) -> None:
    with pytest.raises(ConfigUnreadable):
        Settings.gather(replace(sources, config=tmp_path / "none.toml"))


def test_the_configuration_may_be_a_link_and_no_configuration_is_dev_null(
    sources: Sources, tmp_path: Path
) -> None:
    (tmp_path / "link.toml").symlink_to("/dev/null")

    assert Settings.gather(replace(sources, config=tmp_path / "link.toml")).config == Config()


def make_folder(path: Path) -> None:
    path.mkdir()


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_link_to_nothing(path: Path) -> None:
    path.symlink_to("nothing")


def make_loop(path: Path) -> None:
    path.symlink_to(path)


def make_huge(path: Path) -> None:
    path.write_bytes(b"#" * 10_000_000)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        pytest.param(make_folder, "not a regular file", id="folder"),
        pytest.param(make_pipe, "not a regular file", id="pipe"),
        pytest.param(make_link_to_nothing, "does not exist", id="link-to-nothing"),
        pytest.param(make_loop, "symbolic links", id="link-to-itself"),
        pytest.param(make_huge, "too large", id="ten-megabytes"),
    ],
)
def test_what_is_no_file_of_a_sane_size_is_refused_in_words(
    sources: Sources, make: object, said: str
) -> None:
    assert callable(make)
    make(sources.places.config)

    with pytest.raises(ConfigUnreadable) as caught:
        Settings.gather(sources)

    assert said in caught.value.message
    assert caught.value.context["path"] == str(sources.places.config)
