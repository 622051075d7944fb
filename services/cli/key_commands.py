"""`payguard admin keys`: the versioned keys that seal secrets and sign events, and which of them is needed."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

import typer
from msgspec import Struct

from services.cli.feedback import progress
from services.cli.options import EXIT_BAD, Database, Json, open_database, operator, run, settings_from, tell

if TYPE_CHECKING:
    from services.mfa.sealed import Batch
    from services.mfa.vault import Vault
    from services.platform.database import Database as Store
    from services.platform.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    help="Keys that seal secrets: show, new, rotate, check. Keys that sign events: new, events.",
    rich_markup_mode="rich",
)
T = TypeVar("T")
_NAMED = 10


class _Result(Struct):
    seen: int
    resealed: int
    closed: list[str]


@app.command()
def show(database: Database = None, as_json: Json = False) -> None:
    """Each key version: held or not, and how many stored secrets need it. Exit code 1 when one is needed and not held."""
    from services.mfa.sealed import counts

    settings = settings_from(database=database)
    vault, found = run(_with_vault(settings, lambda store, _vault: counts(store)))
    versions = [
        {
            "version": version,
            "state": "current"
            if version == vault.current
            else "held"
            if vault.holds(version)
            else "not held",
            "secrets": found.get(version, 0),
        }
        for version in sorted({*found, *vault.versions}, reverse=True)
    ]
    lines = (
        f"version {told['version']}: {told['state']}, seals {told['secrets']} secrets" for told in versions
    )
    tell({"current": vault.current, "versions": versions}, lines, as_json)
    if any(not vault.holds(version) for version in found):
        raise typer.Exit(EXIT_BAD)


@app.command()
def new(as_json: Json = False) -> None:
    """Print a fresh key: 32 random bytes in base64. Nothing is stored.

    [dim]To replace a key without a pause:[/dim] put the new one second (1:OLD,2:NEW) and restart every process; put it first
    (2:NEW,1:OLD) and restart again; run `payguard admin keys rotate`; take the old one out.
    """
    from services.platform.keyring import new_key

    key = new_key()
    tell({"key": key}, key, as_json)


@app.command()
def events(as_json: Json = False) -> None:
    """The key versions that sign PayGuard's own events, each with a fingerprint: worker, API and cases must agree.

    [dim]To replace the key without a pause:[/dim] put the new one second (1:OLD,2:NEW) and restart every process; put it first
    (2:NEW,1:OLD) and restart again; take the old one out once no record signed under it will be read or put back.
    """
    from services.events.own_events import event_keys, fingerprint

    keys = event_keys(settings_from())
    versions = [
        {
            "version": version,
            "state": "current" if version == keys.current else "held",
            "fingerprint": fingerprint(keys.keys[version]),
        }
        for version in keys.versions
    ]
    lines = (
        f"version {told['version']}: {told['state']}, fingerprint {told['fingerprint']}" for told in versions
    )
    tell({"current": keys.current, "versions": versions}, lines, as_json)


@app.command()
def rotate(database: Database = None, as_json: Json = False) -> None:
    """Seal every secret anew under the current key, in batches. Safe to break off and to repeat while the API runs.

    Exit code 1 with the ids of factors that do not open; those stay as they are.
    """
    from services.mfa.sealed import counts, reseal

    async def work(store: Store, vault: Vault) -> _Result:
        found = await counts(store)
        pending = sum(count for version, count in found.items() if version != vault.current)
        return await _shown("sealing anew", pending, reseal(store, vault, operator(), time.time()))

    vault, result = run(_with_vault(settings_from(database=database), work))
    figures = {"current": vault.current, "resealed": result.resealed, "do_not_open": result.closed}
    words = f"{result.resealed} secrets sealed anew under key version {vault.current}"
    _finish(figures, words, result.closed, as_json)


@app.command()
def check(database: Database = None, as_json: Json = False) -> None:
    """Open every stored secret with the keys that are set. Exit code 1 with the ids of factors that do not open."""
    from services.mfa.sealed import counts, try_all

    async def work(store: Store, vault: Vault) -> _Result:
        return await _shown("opening", sum((await counts(store)).values()), try_all(store, vault))

    _vault, result = run(_with_vault(settings_from(database=database), work))
    opened = result.seen - len(result.closed)
    figures = {"secrets": result.seen, "open": opened, "do_not_open": result.closed}
    _finish(figures, f"{opened} of {result.seen} secrets open", result.closed, as_json)


async def _with_vault(
    settings: Settings, work: Callable[[Store, Vault], Coroutine[Any, Any, T]]
) -> tuple[Vault, T]:
    from services.mfa.vault import Vault
    from services.platform.keyring import read_keyring

    vault = Vault.of(read_keyring("factor_key", settings.factor_key, settings.factor_key_file))
    async with open_database(settings.database) as store:
        return vault, await work(store, vault)


async def _shown(what: str, total: int, batches: AsyncIterator[Batch]) -> _Result:
    """Take every batch, with a progress bar on standard error where that is a terminal."""
    result = _Result(0, 0, [])
    with progress(what, total) as step:
        async for batch in batches:
            result.seen += batch.seen
            result.resealed += batch.resealed
            result.closed += batch.closed
            step(batch.seen)
    return result


def _finish(figures: dict[str, object], words: str, closed: list[str], as_json: bool) -> None:
    lines = [words, *(f"factor {factor_id} does not open" for factor_id in closed[:_NAMED])]
    if len(closed) > _NAMED:
        lines.append(f"and {len(closed) - _NAMED} more; see --json")
    tell(figures, lines, as_json)
    if closed:
        raise typer.Exit(EXIT_BAD)
