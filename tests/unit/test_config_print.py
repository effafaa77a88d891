from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darkroomd.config import Config, parse_config
from darkroomd.config_print import configuration_lines, document_lines
from darkroomd.core.attribute_texts import attribute_texts
from darkroomd.core.layers import holds
from darkroomd.core.value_kinds import tables_in
from darkroomd.sections import Level, RecipeSection, Section
from darkroomd.settings import Settings, Sources
from darkroomd.system.paths import Places

PATHS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8).map(
    "/".__add__
)
NUMBERS = st.floats(1, 3600)
OVERLAYS = st.fixed_dictionaries({"file": PATHS}, optional={"scale_percent": st.floats(1, 100)})
RECIPES = st.fixed_dictionaries(
    {},
    optional={
        "format": st.sampled_from(["jpeg", "webp"]),
        "quality": st.integers(1, 95),
        "box": st.lists(st.integers(1, 9), min_size=2, max_size=2),
        "artist": st.text("aé\"'#\\=[]", max_size=9),
        "overlay": OVERLAYS,
    },
)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, object]:
    """A document that names some of the keys of some of the tables, right as a whole."""
    recipes = draw(st.lists(RECIPES, min_size=1, max_size=3))
    tables: dict[str, st.SearchStrategy[object]] = {
        "roots": st.lists(PATHS, max_size=3),
        "intake": st.fixed_dictionaries({}, optional={"scan_seconds": NUMBERS, "poll_seconds": NUMBERS}),
        "retry": st.fixed_dictionaries({"waits_seconds": st.lists(NUMBERS, min_size=1, max_size=3)}),
        "presets": st.fixed_dictionaries({"strict": st.booleans(), "folder": PATHS}),
        "log": st.fixed_dictionaries(
            {"levels": st.fixed_dictionaries({"api": st.sampled_from(get_args(Level))})}
        ),
        "recipe": st.just(
            [{**recipe, "name": f"r{place}", "folder": f"F{place}"} for place, recipe in enumerate(recipes)]
        ),
    }
    return dict(draw(st.fixed_dictionaries({}, optional=tables)))


@settings(max_examples=40)
@given(documents())
def test_what_is_printed_is_read_back_the_same(document: dict[str, object]) -> None:
    config = msgspec.convert(document, Config)

    text = "\n".join(document_lines(config, lambda path: holds(document, path)))

    assert parse_config(text.encode(), "printed") == config


def test_all_of_the_defaults_are_printed_and_none_of_them_is_set() -> None:
    text = "\n".join(document_lines(Config()))

    plain = [line for line in text.splitlines() if line and not line.startswith(("#", "["))]
    assert plain == []
    assert parse_config(text.encode(), "printed") == Config()
    assert {"#quiet_seconds = 0.5", "#[recipe.overlay]", "#file =", "[log.levels]"} <= set(text.splitlines())


def test_a_default_that_somebody_set_is_set() -> None:
    lines = list(document_lines(Config(), lambda path: path == ("worker", "photos")))

    assert [line for line in lines if line and not line.startswith(("#", "["))] == ["photos = 500"]


def sections(struct: type[msgspec.Struct]) -> list[type[msgspec.Struct]]:
    inner = [tables.struct for field in msgspec.structs.fields(struct) if (tables := tables_in(field.type))]
    return [struct, *(deeper for one in inner for deeper in sections(one))]


@pytest.mark.parametrize("section", sections(Config))
def test_every_key_has_a_text(section: type[Section]) -> None:
    keys = {field.name for field in msgspec.structs.fields(section) if tables_in(field.type) is None}

    assert keys <= set(attribute_texts(section))
    assert set(attribute_texts(section)) <= set(section.__struct_fields__)


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    places = Places(
        system_config=tmp_path / "system.toml",
        config=tmp_path / "c.toml",
        state=tmp_path / "state",
        socket=tmp_path / "d\n.sock",
    )
    return Sources(places=places)


def test_what_is_in_force_is_printed_with_what_the_command_line_adds(sources: Sources) -> None:
    sources.places.system_config.write_text('roots = ["/a"]\n[log]\nlevel = "error"')
    odd = os.fsdecode(b"/\xff\n")
    asked = replace(sources, roots=(Path("/b"), Path(odd)), log_levels=(("", "debug"), ("api", "info")))

    text = "\n".join(configuration_lines(Settings.gather(asked)))

    config = parse_config(text.encode(), "printed")
    assert config.roots == ("/a", "/b")
    assert (config.log.level, config.log.levels.api) == ("debug", "info")
    assert r"# Watched as well, by a name that TOML cannot hold: /\udcff\n" in text
    assert f"#   {sources.places.system_config}" in text
    assert r"d\n.sock" in text


def test_several_recipes_are_printed_one_after_the_other() -> None:
    config = Config(recipe=(RecipeSection(), RecipeSection(name="b", folder="B")))

    text = "\n".join(document_lines(config))

    assert text.count("\n[[recipe]]\n") == 2
    assert parse_config(text.encode(), "printed") == config
