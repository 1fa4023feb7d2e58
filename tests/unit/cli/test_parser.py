"""How the command reads its arguments: help, options before and after a command, and names that come close."""

from __future__ import annotations

import inspect
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from tests.unit.cli.conftest import DONE, SECRET, Run, Serve
from xl_openfunnel.cli import app, parser
from xl_openfunnel.cli.completion import Shell
from xl_openfunnel.cli.log_format import messages

ELSEWHERE = "http://127.0.0.1:9"


def commands(group: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with its path, groups too."""
    group = group or typer.main.get_command(app)
    yield path, group
    for name, command in getattr(group, "commands", {}).items():
        yield from commands(command, (*path, name))


COMMANDS = dict(commands())
LEAVES = {path: command for path, command in COMMANDS.items() if not hasattr(command, "commands")}


@pytest.mark.parametrize("wrong", ["nonsense", "http://api.openfunnel.dev"])
def test_a_command_for_this_computer_alone_needs_no_base_url(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "crm.csv").write_text("Website\nacme.com\n", "utf-8")
    monkeypatch.setenv("OPENFUNNEL_BASE_URL", wrong)
    for words in (
        *("known set crm crm.csv --yes", "known list", "known show crm", "known remove crm", "key remove --all"),
        *("forget --all --yes", "workbook", "completion bash", "sql --schema", "demo --rows 3 --seconds 0"),
    ):
        result = run(*words.split())
        assert (result.code, "base URL" in result.err) == (0, False), words
    for words in ("jobs", "label x y", "forget x", "key show", "key remove"):  # of one service
        result = run(*words.split())
        assert (result.code, "base URL" in result.err) == (2, True), words


def test_each_command_that_depends_on_the_service_is_named_with_the_address_given(run: Run) -> None:
    run("jobs", "--base-url", ELSEWHERE)
    for path, command in LEAVES.items():
        depends = path[0] != "known" and "context" in inspect.signature(inspect.unwrap(command.callback)).parameters
        named, address = f"xl-openfunnel {' '.join(path)}", f"--base-url {ELSEWHERE}"
        with_address = named.replace("xl-openfunnel", f"xl-openfunnel {address}") if depends else named
        assert messages.with_base_url(f"So: {named} JOB.") == f"So: {with_address} JOB."
        for given in ("--all", "--help", address):
            assert messages.with_base_url(f"{named} {given}") == f"{named} {given}"
    run("jobs")
    assert messages.with_base_url("xl-openfunnel key set") == "xl-openfunnel key set"


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("status JOB", "key set"),  # the settings' own words
        ("status JOB --json", "key set"),
        ("--log-format json rows JOB", "key set"),
        ("credits", "key set"),
        ("doctor --json", "key set"),
        ("doctor", "key set"),
        ("key set", "key set"),
        ("jobs", "status JOB"),
        ("label x y", "jobs"),
        ('sql "from companies"', "rows JOB"),
        (f"export folder {DONE.job_id}", f"rows {DONE.job_id}"),
        (DONE.job_id, f"rows {DONE.job_id}"),
    ],
)
def test_a_command_that_a_message_names_asks_the_service_that_was_given(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENFUNNEL_API_KEY", raising=False)
    result = run("--base-url", f"{ELSEWHERE}/", *shlex.split(words))
    told = (result.out + result.err).replace("\\/", "/")
    assert f"xl-openfunnel --base-url {ELSEWHERE} {command}" in told
    assert f"xl-openfunnel {command}" not in told


def test_a_job_that_is_not_read_names_the_command_for_its_service(serve: Serve, run: Run) -> None:
    service = serve()
    assert (
        f"(xl-openfunnel --base-url {service.base_url} rows)"
        in run("status", DONE.job_id, "--base-url", service.base_url).out
    )


def test_no_message_repeats_an_address_that_may_hold_a_password_or_key(run: Run) -> None:
    assert "pass" not in run("--base-url", "https://me:pass@api.example", "of_live_0123456789abcdef").err
    assert "0123" not in run("--base-url", f"https://api.example/{SECRET}", "label", "x", "y").err


@pytest.mark.parametrize("width", [40, 80])
def test_help_fits_the_terminal_and_breaks_no_word(run: Run, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    for path in COMMANDS:
        monkeypatch.setenv("COLUMNS", "500")
        words = set(run(*path, "--help").out.split())
        monkeypatch.setenv("COLUMNS", str(width))
        out = run(*path, "--help").out
        examples_apart = [line for line in out.splitlines() if not line.startswith("  xl-openfunnel")]
        assert [line for line in examples_apart if len(line) > width] == []
        assert set(out.split()) == words
        assert "<bool>" not in out
        assert "--base-url" in out


def test_every_command_has_examples_that_work_as_calls() -> None:
    for path, command in LEAVES.items():
        calls = [line for line in command.epilog.splitlines() if not line.startswith("#")]
        assert any(call.startswith(" ".join(["xl-openfunnel", *path])) for call in calls)
        for call in calls:
            program, *words = shlex.split(re.split("[<>|]", call)[0])
            depth = max(n for n in range(len(words) + 1) if tuple(words[:n]) in COMMANDS)
            LEAVES[tuple(words[:depth])].make_context(program, words[depth:])  # raises where it does not


def test_the_help_lists_every_command_under_a_heading(run: Run) -> None:
    out = run("--help").out
    headings = re.findall(r"^(\w.*)\n((?:  .*\n?)+)", out, re.MULTILINE)
    listed = {name for _, lines in headings for name in re.findall(r"^  (\w+)  ", lines, re.MULTILINE)}
    assert listed == {path[0] for path in COMMANDS if path}
    assert [heading for heading, _ in headings[:4]] == ["Without an account", "Jobs", "Setup", "Checks"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("list", "jobs"),
        ("ls", "jobs"),
        ("login", "key set"),
        ("AUTH", "key set"),
        ("download", "rows"),
        ("simulat", "simulate"),
        ("waatch", "watch"),
        ("crediits", "credits"),
        ("dump", "export"),
    ],
)
def test_another_name_leads_to_the_right_command(run: Run, typed: str, meant: str) -> None:
    result = run(typed, "x")
    assert (result.code, result.out) == (2, "")
    assert f"There is no command {typed}. Did you mean {meant}?" in result.err


def test_every_other_name_leads_to_a_command() -> None:
    root, key = COMMANDS[()], COMMANDS["key",]
    for group, names in ((root, parser.OTHER_NAMES), (key, parser.OTHER_NAMES_FOR_KEYS)):
        assert not set(names) & set(group.commands)
        for meant in names.values():
            assert tuple(meant.split()) in COMMANDS or meant in group.commands or meant in ("--version", "--help")


def test_a_job_in_the_place_of_a_command_and_a_key_are_explained(run: Run) -> None:
    for group in ([], ["key"], ["known"]):
        assert f"xl-openfunnel rows {DONE.job_id}" in run(*group, DONE.job_id).err
    result = run(SECRET)
    assert result.code == 2
    assert "xl-openfunnel key set" in result.err
    assert "There is no command zzzzz. xl-openfunnel --help" in run("zzzzz").err


@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_options_of_every_command_stand_before_or_after_it(serve: Serve, run: Run, place: int) -> None:
    service = serve()
    words: list[object] = ["status", DONE.job_id, "--json"]
    words[place:place] = ["--base-url", service.base_url, "--debug"]
    result = run(*words)
    assert (result.code, json.loads(result.out)["status"]) == (0, "completed")
    assert " ms xl_openfunnel" in result.err or " ms urllib3" in result.err
    assert " ms " not in run("status", DONE.job_id).err
    words[place + 1] = "http://api.openfunnel.dev"
    assert run(*words).code == 2


@pytest.mark.parametrize("shell", list(Shell))
def test_a_shell_gets_its_script(run: Run, shell: Shell) -> None:
    out = run("completion", shell).out
    assert "_XL_OPENFUNNEL_COMPLETE" in out
    assert "xl-openfunnel" in out


@pytest.mark.parametrize(
    "call",
    [
        ("rows", "x", "--top", SECRET),
        ("rows", "x", "--format", SECRET),
        ("jobs", f"--{SECRET}"),
        ("completion", SECRET),
        ("simulate", "--fault", SECRET),
        ("sql", SECRET),
    ],
)
def test_a_key_in_the_wrong_place_is_not_repeated(run: Run, call: tuple[str, ...]) -> None:
    assert run(*call).code == 2  # the fixture looks for the key


def test_a_shell_completes_commands_and_jobs(serve: Serve, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    serve()
    run("label", DONE.job_id, "Texas jobs")
    monkeypatch.setenv("_XL_OPENFUNNEL_COMPLETE", "complete_zsh")
    for words, offered in [("sim", ["simulate"]), ("rows ", [DONE.job_id, "Texas jobs"]), ("key s", ["set", "show"])]:
        monkeypatch.setenv("_TYPER_COMPLETE_ARGS", f"xl-openfunnel {words}")
        out = run().out
        assert [name for name in offered if name not in out] == []


def completions_in_bash(run: Run, monkeypatch: pytest.MonkeyPatch, line: str) -> list[str]:
    """What bash is offered for the last word of the line."""
    monkeypatch.setenv("_XL_OPENFUNNEL_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", f"xl-openfunnel {line}")
    monkeypatch.setenv("COMP_CWORD", str(1 + line.replace("\\ ", "").count(" ")))
    try:
        return run().out.splitlines()
    finally:
        monkeypatch.delenv("_XL_OPENFUNNEL_COMPLETE")


@pytest.mark.parametrize("label", ["Germany Q3", "Q&A; $(rm *)", 'it\'s "new"', "Zoë", "a\\b", "C#", "~x"])
def test_a_label_is_one_word_of_bash_and_powershell_and_is_found_by_its_beginning(
    serve: Serve, run: Run, monkeypatch: pytest.MonkeyPatch, label: str
) -> None:
    serve()
    run("label", DONE.job_id, label)
    (offered,) = completions_in_bash(run, monkeypatch, f"rows {shlex.quote(label[:1])}")
    assert shlex.split(offered) == [label]
    assert completions_in_bash(run, monkeypatch, f"rows {offered}") == [offered]
    monkeypatch.setenv("_XL_OPENFUNNEL_COMPLETE", "complete_powershell")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", "xl-openfunnel rows ")
    assert run().out.splitlines()[0].split(":::")[0] == re.sub(r"([^\w+=:./-])", r"`\1", label)


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("rows J --format js", ["json", "jsonl"]),
        ("rows J --log-format ", ["text", "json"]),
        ("rows J --columns doma", ["domain"]),
        ("rows J --columns name,rank,na", [""]),
        ("rows J --columns rank,linkedin_u", ["rank,linkedin_url"]),
    ],
)
def test_a_shell_completes_the_values_of_options(
    run: Run, monkeypatch: pytest.MonkeyPatch, line: str, offered: list[str]
) -> None:
    assert completions_in_bash(run, monkeypatch, line) == offered


def test_completion_without_a_store_offers_nothing(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("OPENFUNNEL_CACHE_DIR", str(tmp_path / "file"))
    monkeypatch.setenv("_XL_OPENFUNNEL_COMPLETE", "complete_zsh")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", "xl-openfunnel rows ")
    result = run()
    assert (result.code, result.err) == (0, "")
