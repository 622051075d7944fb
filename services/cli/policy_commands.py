"""`payguard policy`: check a policy file, compare two, show one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from services.cli.options import EXIT_USAGE, Json, print_json, say, tell

app = typer.Typer(no_args_is_help=True, help="Policy files: check, compare, show.", rich_markup_mode="rich")
_DEFAULT = "default"
PolicyFile = Annotated[
    str, typer.Argument(metavar="FILE", help="A policy file (TOML); `default` is the built-in policy.")
]


@app.command()
def check(file: PolicyFile, as_json: Json = False) -> None:
    """Whether a file is a usable policy: its version and what differs from the default one.

    Exit code 2 with every wrong key when it is not. Keys that contradict each other are looked for once each of them is
    right by itself.

    [dim]Example:[/dim] payguard policy check policy.toml
    """
    from services.policy.differences import differences
    from services.policy.reader import InvalidPolicy

    try:
        version, values = _opened(file)
    except InvalidPolicy as error:
        if as_json:
            print_json({"file": file, "usable": False, "faults": error.faults})
            raise typer.Exit(EXIT_USAGE) from None
        for fault in error.faults:
            say(f"error: {fault}")
        raise typer.Exit(EXIT_USAGE) from None
    default_version, default = _opened(_DEFAULT)
    found = differences(default, values)
    if as_json:
        print_json({"file": file, "usable": True, "version": version, **_as_json(found)})
        return
    typer.echo(f"{file} is a usable policy: {version}")
    _tell(found, default_version, version)


@app.command()
def diff(a: PolicyFile, b: PolicyFile, as_json: Json = False) -> None:
    """What differs between two policies, key by key, with the values in effect.

    [dim]Examples:[/dim]

      payguard policy diff old.toml new.toml
      payguard policy diff default new.toml --json
    """
    from services.policy.differences import differences

    (a_version, a_values), (b_version, b_values) = _opened(a), _opened(b)
    found = differences(a_values, b_values)
    if as_json:
        print_json({"a": a_version, "b": b_version, **_as_json(found)})
        return
    _tell(found, a_version, b_version)


@app.command()
def show(file: PolicyFile = _DEFAULT, as_json: Json = False) -> None:
    """Every key's value in effect under a policy, detectors' own parameters included.

    [dim]Example:[/dim] payguard policy show policy.toml | grep new_device
    """
    from services.policy.differences import shown

    version, values = _opened(file)
    lines = (f"{key}: {shown(value)}" for key, value in values.items() if key != "version")
    tell({"version": version, "values": values}, [f"version: {version}", *lines], as_json)


def _opened(name: str) -> tuple[str, dict[str, Any]]:
    """A policy's version and values in effect; InvalidPolicy when it is not usable."""
    from detectors import discover
    from services.policy.differences import in_effect
    from services.policy.file import checked_policy, read_values

    path = None if name == _DEFAULT else Path(name)
    values = read_values(path)
    return checked_policy(values, path).version, in_effect(values, discover())


def _as_json(found: list[Any]) -> dict[str, Any]:
    return {"differences": [each._asdict() for each in found]}


def _tell(found: list[Any], a: str, b: str) -> None:
    from rich.table import Column

    from services.platform.plain_console import PlainConsole, titled
    from services.policy.differences import shown

    if not found:
        typer.echo(f"nothing differs from {a}" if a != b else f"nothing differs: both are {a}")
        return
    count = "1 key differs" if len(found) == 1 else f"{len(found)} keys differ"
    heads = (Column("key", no_wrap=True), Column(a, overflow="fold"), Column(b, overflow="fold"))
    rows = ((each.key, shown(each.a, each.b), shown(each.b, each.a)) for each in found)
    PlainConsole().print(titled(count, heads, rows))
