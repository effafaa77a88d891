from __future__ import annotations

import pytest

from darkroom.cli.arguments import EVENT_KINDS, command_line
from darkroom.cli.bash_words import line_of, quoted, replacements
from darkroom.cli.commands.complete import known_nouns
from darkroom.cli.completion import FILES, wanted, wants_files
from darkroom.cli.shells import SCRIPTS
from darkroom.protocol.contract import DARKROOM
from darkroom.protocol.describe import describe

PARSER = command_line()

# What is for the person alone to say.
FREE = {"TEXT", "NAME", "TIME", "DURATION", "JSON", "ITEM", "ACTION", "OLD=NEW"}


def offered(line: str) -> list[str]:
    *words, current = line.split(" ")
    return [offer.word for offer in wanted(PARSER, words, current).offers]


def named(line: str) -> set[str]:
    *words, current = line.split(" ")
    return set(wanted(PARSER, words, current).nouns)


def test_commands_come_first() -> None:
    assert {"status", "photos", "session"} <= set(offered(""))


def test_what_only_shells_ask_is_not_offered() -> None:
    assert "complete" not in offered("")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        pytest.param("session ", ["add", "remove", "rescan", "preset"], id="actions"),
        pytest.param("--json session ", ["add", "remove", "rescan", "preset"], id="behind-an-option"),
        pytest.param("--socket root session ", ["add", "remove", "rescan", "preset"], id="behind-a-value"),
        pytest.param("stats --by ", ["hour", "day", "month", "preset", "camera", "session"], id="value"),
        pytest.param("priority 7 ", ["high", "normal", "low"], id="behind-several"),
        pytest.param("completion ", ["bash", "zsh", "fish"], id="choices"),
        pytest.param("dance ", [], id="no-such-command"),
        pytest.param("wait 7 ", [], id="nothing-more"),
        pytest.param("inhibit --why x -- --", [], id="a-command-of-its-own"),
    ],
)
def test_words_that_are_always_the_same_are_offered(line: str, words: list[str]) -> None:
    assert offered(line) == words


def test_options_are_offered_once_a_dash_is_written() -> None:
    assert offered("wait -") == ["--help", "--socket", "--json", "--timeout"]


def test_the_value_of_an_option_may_follow_an_equals_sign() -> None:
    found = wanted(PARSER, ["jobs"], "--kind=ex")

    assert found.prefix == "--kind="
    assert "export" in [offer.word for offer in found.offers]


@pytest.mark.parametrize(
    ("line", "nouns"),
    [
        pytest.param("photos ", {"SESSION"}, id="session"),
        pytest.param("photos Wedding ", set(), id="one-session"),
        pytest.param("jobs Wedding ", {"SESSION"}, id="more-sessions"),
        pytest.param("discard IMG_1.NEF ", {"PHOTO"}, id="more-photos"),
        pytest.param("cancel ", {"JOB"}, id="job"),
        pytest.param("move 7 --before ", {"JOB"}, id="job-of-an-option"),
        pytest.param("session preset Wedding ", {"PRESET"}, id="preset"),
        pytest.param("apply-preset bw ", {"PHOTO"}, id="photo-behind-preset"),
        pytest.param("session add ", {"FOLDER"}, id="folder"),
        pytest.param("root remove ", {"ROOT"}, id="root"),
        pytest.param("fetch IMG_1.NEF -o ", {"FILE"}, id="file"),
        pytest.param("export ", {"SESSION"}, id="session-to-export"),
        pytest.param("export Wedding IMG_1.NEF ", {"PHOTO"}, id="photos-to-export"),
        pytest.param("export Wedding --recipe ", {"RECIPE"}, id="recipe"),
        pytest.param("archive Wedding Party ", {"SESSION"}, id="sessions-to-archive"),
        pytest.param("archive Wedding --to ", {"FOLDER"}, id="archive"),
        pytest.param("inhibit --why x -- ", {"COMMAND"}, id="command"),
        pytest.param("call ", {"METHOD"}, id="method"),
    ],
)
def test_what_the_daemon_knows_is_asked_for_by_noun(line: str, nouns: set[str]) -> None:
    assert named(line) == nouns


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("export Wedding ", id="photo"),
        pytest.param("export Wedding --recipe ", id="value"),
        pytest.param("export Wedding --recipe=", id="value-behind-equals"),
    ],
)
def test_what_was_given_before_is_known_to_what_comes_next(line: str) -> None:
    *words, current = line.split(" ")

    assert wanted(PARSER, words, current).given == ("Wedding",)


@pytest.mark.parametrize(
    ("line", "files"),
    [
        pytest.param("session add ", True, id="folder"),
        pytest.param("photos We", False, id="name"),
        pytest.param("photos /ph", True, id="path"),
        pytest.param("photos ./ph", True, id="path-from-here"),
        pytest.param("cancel /ph", False, id="never-a-path"),
        pytest.param("photos --socket=/ru", True, id="value-of-an-option"),
    ],
)
def test_files_are_offered_where_they_may_stand(line: str, files: bool) -> None:
    *words, current = line.split(" ")

    assert wants_files(wanted(PARSER, words, current), current) is files


def test_every_noun_of_the_help_is_completed_or_free() -> None:
    nouns = {
        action.metavar
        for top in PARSER.commands.values()
        for command in (top, *top.commands.values())
        for action in command.arguments
        if action.metavar is not None
    }

    assert nouns - FILES - FREE <= known_nouns()


def test_the_kinds_of_events_are_those_of_the_contract() -> None:
    contract = describe(DARKROOM)

    assert [kind for kind in EVENT_KINDS if kind not in contract] == []


@pytest.mark.parametrize(
    ("text", "words", "current", "candidates"),
    [
        pytest.param("darkroom st", ("darkroom",), "st", ["status", "stats"], id="plain"),
        pytest.param(
            "darkroom photos ", ("darkroom", "photos"), "", ["My\\ Party", "a\\'b"], id="nothing-yet"
        ),
        pytest.param("darkroom photos My\\ P", ("darkroom", "photos"), "My P", ["My\\ Party"], id="escaped"),
        pytest.param('darkroom show "My P', ("darkroom", "show"), "My P", ["My Party"], id="double"),
        pytest.param("darkroom show 'My P", ("darkroom", "show"), "My P", ["My Party"], id="single"),
        pytest.param("darkroom 'My P' x", ("darkroom", "My P"), "x", [], id="closed"),
        pytest.param("d --state=de", ("d",), "--state=de", ["developed"], id="equals"),
        pytest.param("d '' ", ("d", ""), "", [], id="empty-word"),
        pytest.param("d a\\", ("d",), "a", [], id="unfinished-escape"),
    ],
)
def test_a_line_of_bash_is_taken_apart_and_put_together(
    text: str, words: tuple[str, ...], current: str, candidates: list[str]
) -> None:
    known = ["status", "stats", "My Party", "a'b", "--state=developed"]
    line = line_of(text)

    found = list(replacements(line, known))

    assert (line.words, line.current) == (words, current)
    assert [word for word in candidates if word not in found] == []


@pytest.mark.parametrize(
    "word", ["My Party", "a'b", 'a"b', "$(rm)", "`x`", "*", "a\\b", "été", "~x", "#1", "a:b"]
)
def test_a_quoted_word_is_read_back_as_it_was(word: str) -> None:
    assert line_of(f"d {quoted(word)}").current == word


@pytest.mark.parametrize("shell", SCRIPTS)
def test_each_script_asks_for_its_own_shell(shell: str) -> None:
    assert f" complete {shell} -- " in SCRIPTS[shell]
