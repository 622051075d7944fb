"""`payguard notify`: the letters, to look at and to look up."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import asdict

from services.cli.options import (
    EXIT_BAD,
    Database,
    Json,
    moment,
    open_database,
    operator,
    say,
    settings_from,
    tell,
)

if TYPE_CHECKING:
    from notifier.trial import Tried

app = typer.Typer(
    no_args_is_help=True,
    help="Letters to owners: look at them, look one up, try a channel, send again what failed.",
    rich_markup_mode="rich",
)


@app.command()
def preview(
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where the files go.")] = Path(
        "letters"
    ),
    locale: Annotated[
        list[str] | None, typer.Option("--locale", help="en or zh-CN; repeatable. Both by default.")
    ] = None,
) -> None:
    """Write every letter with three made-up events each, as HTML (light and dark) and plain text, and a page of all of them.

    No service is needed. The letters are in the name of PAYGUARD_TOTP_ISSUER.

    [dim]Example:[/dim] payguard notify preview --out letters
    """
    from notifier.preview import write
    from notifier.words import LOCALES

    wanted = locale or list(LOCALES)
    if unknown := sorted(set(wanted) - set(LOCALES)):
        raise typer.BadParameter(f"--locale takes {' or '.join(LOCALES)}, not {', '.join(unknown)}")
    try:
        count = write(out, settings_from().totp_issuer, wanted)
    except OSError as error:
        raise typer.BadParameter(f"cannot write to {out}: {error.strerror}") from None
    typer.echo(f"{count} letters: open {out / 'index.html'}")


@app.command()
def show(
    reference: Annotated[str, typer.Argument(help="As the letter has it, such as PG-7F3K-92.")],
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Whether a letter is ours: the account it went to, what it was about, and how each address took it.

    Exit code 1 when no letter of ours bears the reference.

    [dim]Example:[/dim] payguard notify show PG-7F3K-92
    """
    from services.cases.case_service import CaseService
    from services.cases.owner_views import MessageShown

    async def look() -> list[MessageShown]:
        async with open_database(settings_from(database=database).database) as store:
            found = await CaseService(store, time.time).messages(reference)
        return [MessageShown.of(each, addresses=True) for each in found]

    found = asyncio.run(look())
    if as_json:
        typer.echo(json.dumps([each.model_dump(mode="json") for each in found], indent=2))
    elif not found:
        say("no letter of ours bears this reference; it has the form PG-7F3K-92")
    for each in [] if as_json else found:
        letter = each.letter
        typer.echo(
            f"ours: {letter.template} to account {each.account_id}, {letter.recorded_at}, {letter.state}"
        )
        for tried in letter.tries:
            where, why = tried.address or "an address no longer known", f" ({tried.why})" if tried.why else ""
            typer.echo(f"  {tried.channel} {where}: {tried.state}{why}, {tried.at}")
    raise typer.Exit(0 if found else EXIT_BAD)


@app.command("test")
def send_test(
    channel: Annotated[str, typer.Option("--channel", help="mail, sms, push, web_push or chat.")],
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="ADDRESS",
            help="Yours: a mail address, a number, a token, a browser's subscription.",
        ),
    ],
    language: Annotated[str, typer.Option("--language", help="en or zh-CN.")] = "en",
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Send one sample message, which says that it is a test, by a channel as the settings have it; nothing of it is kept.

    Exit code 1 when the other side did not take it: what it said is printed, and may name hosts and addresses.

    [dim]Example:[/dim] payguard notify test --channel sms --to +8613800138000
    """
    from notifier.trial import address_of, channel_of, letter, tried
    from notifier.words import LOCALES

    if language not in LOCALES:
        raise typer.BadParameter(f"--language takes {' or '.join(LOCALES)}, not {language}")
    settings = settings_from(database=database)

    async def send() -> Tried:
        async with open_database(settings.database, migrate=False) as store:
            try:
                way = channel_of(channel, settings, store)
            except ValueError as error:
                raise typer.BadParameter(str(error)) from None
            sample = letter(settings.totp_issuer, address_of(channel, to, settings), language)
            return await tried(way, sample, f"test-{secrets.token_hex(8)}", time.time())

    found = asyncio.run(send())
    tell({"channel": channel, **asdict(found)}, _said_of(channel, found), as_json)
    raise typer.Exit(0 if found.taken else EXIT_BAD)


def _said_of(channel: str, found: Tried) -> str:
    named = f", and calls it {found.provider_id}" if found.provider_id else ""
    if found.taken:
        return f"{channel} took it{named}{'; the reader has it' if found.delivered else ''}"
    then = (
        "a letter to an owner would be tried again"
        if found.again
        else "a letter to an owner would have failed"
    )
    return f"{channel} did not take it: {found.said}; {then}"


@app.command()
def retry(
    reference: Annotated[str | None, typer.Argument(help="As the letter has it, such as PG-7F3K-92.")] = None,
    channel: Annotated[str | None, typer.Option("--channel", help="Only messages of this channel.")] = None,
    failed_since: Annotated[
        str | None,
        typer.Option(
            "--failed-since", metavar="TIME", help="2026-11-30T09:00+08:00, or a while ago: 90m, 2h, 3d."
        ),
    ] = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Put failed messages back into the queue: of one letter, of a channel, or of all that failed since then.

    Without a time those of the last 7 days are meant, for as long as a letter's link answers. Messages to addresses that give
    mail back stay failed. Doing it twice is doing it once; the audit names who did it.

    [dim]Examples:[/dim]
      payguard notify retry PG-7F3K-92
      payguard notify retry --channel sms --failed-since 2h
    """
    from notifier.channels.registry import CHANNELS
    from services.cases.message_retries import RETRIED_S, Retried, Which, retry_failed

    if not (reference or channel or failed_since):
        raise typer.BadParameter("say which: a reference, --channel or --failed-since")
    if channel is not None and channel not in (names := [kind.way.name for kind in CHANNELS]):
        raise typer.BadParameter(f"--channel takes {', '.join(names)}, not {channel}")
    now = time.time()
    since = now - RETRIED_S if failed_since is None else moment(failed_since, now)

    async def put_back() -> Retried:
        async with (
            open_database(settings_from(database=database).database) as store,
            store.begin() as connection,
        ):
            which = Which(since=since, reference=reference, channel=channel)
            return await retry_failed(connection, which, operator(), now)

    try:
        done = asyncio.run(put_back())
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    count = sum(done.again.values())
    by = ", ".join(f"{each} {name}" for name, each in sorted(done.again.items()))
    words = [f"{count} failed messages wait again{f': {by}' if by else ''}"]
    if done.left:
        words.append(f"{done.left} stay failed: their addresses give mail back until they are set again")
    tell({"again": dict(done.again), "left": done.left}, words, as_json)


@app.command("web-push-key")
def web_push_key() -> None:
    """Make a key that signs pushes to browsers: one line for the settings, and the public key for the wallet's pages.

    [dim]Example:[/dim] payguard notify web-push-key
    """
    import base64

    from cryptography.hazmat.primitives.asymmetric import ec

    from notifier.channels.web_push import public_text

    key = ec.generate_private_key(ec.SECP256R1())
    secret = key.private_numbers().private_value.to_bytes(32, "big")
    typer.echo(f"PAYGUARD_WEB_PUSH_KEY={base64.urlsafe_b64encode(secret).decode().rstrip('=')}")
    typer.echo(f"applicationServerKey: {public_text(key)}")
