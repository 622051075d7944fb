"""`payguard connect`: the help desk that is in use, so that each case has a ticket there."""

from __future__ import annotations

import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar, cast

import typer
from msgspec import Struct

from services.cli.connect_asking import asked
from services.cli.options import (
    EXIT_BAD,
    Database,
    Json,
    open_database,
    operator,
    run,
    say,
    settings_from,
    tell,
)

if TYPE_CHECKING:
    from services.connect.connections import ConnectionKind, Connections, Counted, Options, Secrets
    from services.platform.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    help="Help desks in use beside PayGuard: a ticket there for each case, notes both ways.",
    rich_markup_mode="rich",
)
T = TypeVar("T")
_MOST_SECRET = 4096

Name = Annotated[
    str, typer.Option("--name", help="What it is called here, and in the address of its webhook.")
]
Url = Annotated[str, typer.Option("--url", metavar="URL", help="Its address, as agents open it.")]
TokenFile = Annotated[
    Path,
    typer.Option(
        "--token-file", metavar="FILE", help="A file with the token of its API; - is standard input."
    ),
]
Language = Annotated[str, typer.Option("--language", help="What tickets are written in: en or zh-CN.")]
Kinds = Annotated[
    list[str] | None, typer.Option("--kind", help="Only cases of this kind; repeatable. All by default.")
]
Unmasked = Annotated[
    bool, typer.Option("--unmasked", help="Tell it accounts, addresses and numbers whole. Masked by default.")
]
OnClose = Annotated[
    str, typer.Option("--on-close", help="A ticket closed there: ask whoever has the case, or ignore it.")
]


@app.command()
def zammad(
    url: Url,
    token_file: TokenFile,
    customer: Annotated[
        str,
        typer.Option(
            "--customer", metavar="MAIL", help="The customer of its tickets; made if it is not there."
        ),
    ],
    group: Annotated[str, typer.Option("--group", help="The group that tickets go to.")] = "Users",
    name: Name = "zammad",
    language: Language = "en",
    kind: Kinds = None,
    unmasked: Unmasked = False,
    on_close: OnClose = "ask",
    database: Database = None,
) -> None:
    """Connect Zammad. The token's user needs the permission ticket.agent, with the right to create in the group.

    What is printed goes into a webhook there (its endpoint and its HMAC SHA1 signature token), and a trigger that calls it when
    an article is made or the state changes.

    [dim]Example:[/dim] payguard connect zammad --url https://help.example --customer payguard@example.com --token-file token
    """
    options = _options(language, kind, unmasked, on_close, group=group, customer=customer)
    _connect(name, "zammad", url, options, _Given(token_file), database)


@app.command()
def chatwoot(
    url: Url,
    token_file: TokenFile,
    account: Annotated[
        int, typer.Option("--account", help="The number of the account, as its addresses have it.")
    ],
    inbox: Annotated[int, typer.Option("--inbox", help="The number of an inbox of kind API.")],
    secret_file: Annotated[
        Path,
        typer.Option(
            "--secret-file", metavar="FILE", help="A file with the secret of the webhook made there."
        ),
    ],
    name: Name = "chatwoot",
    language: Language = "en",
    kind: Kinds = None,
    unmasked: Unmasked = False,
    on_close: OnClose = "ask",
    database: Database = None,
) -> None:
    """Connect Chatwoot. First make a webhook there (message created, conversation status changed) and copy its secret.

    The address of the webhook is PUBLIC-ADDRESS/v1/connect/NAME. It needs a Chatwoot that signs webhooks (4.12 and later).

    [dim]Example:[/dim] payguard connect chatwoot --url https://chat.example --account 1 --inbox 7 --token-file t --secret-file s
    """
    options = _options(language, kind, unmasked, on_close, account=account, inbox=inbox)
    _connect(name, "chatwoot", url, options, _Given(token_file, secret_file), database)


@app.command()
def webhook(
    url: Url,
    name: Name = "webhook",
    language: Language = "en",
    kind: Kinds = None,
    unmasked: Unmasked = False,
    on_close: OnClose = "ask",
    database: Database = None,
) -> None:
    """Connect any other help desk by a webhook of your own, signed both ways as Standard Webhooks has it.

    [dim]Example:[/dim] payguard connect webhook --url https://tickets.example/payguard
    """
    _connect(name, "webhook", url, _options(language, kind, unmasked, on_close), _Given(), database)


@app.command("list")
def list_connections(database: Database = None, as_json: Json = False) -> None:
    """Every connection: whether it takes what it is told, and how many tickets wait or were given up."""
    found: list[Counted] = run(_with(database, lambda there, _: there.all()))
    figures = [_figures(each) for each in found]
    lines = [
        f"{each['name']}: {each['kind']} {each['url']}, "
        + ", ".join(
            f"{count} {state}" for state, count in sorted(each["tickets"].items()) or [("tickets", 0)]
        )
        + (
            f"; takes nothing since {each['failing_since']}: {each['last_error']}"
            if each["failing_since"]
            else ""
        )
        for each in figures
    ]
    tell(figures, lines or "no help desk is connected", as_json)


@app.command("test")
def ask(
    name: Annotated[str, typer.Argument(help="As `payguard connect list` has it.")],
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Ask the help desk whether it lets us in. Exit code 1 when it does not: what it answered is printed."""
    said, good = run(
        _with(database, lambda there, settings: asked(there, settings.webhook_private_networks, name))
    )
    tell({"name": name, "lets_us_in": good, "said": said}, said, as_json)
    raise typer.Exit(0 if good else EXIT_BAD)


@app.command()
def retry(
    name: Annotated[str, typer.Argument(help="As `payguard connect list` has it.")], database: Database = None
) -> None:
    """Try again the tickets that were given up, once what they were refused for is mended."""
    count = run(_with(database, lambda there, _: _retried(there, name)))
    if count is None:
        _unknown(name)
    typer.echo(f"{count} tickets are tried again")


@app.command()
def remove(
    name: Annotated[str, typer.Argument(help="As `payguard connect list` has it.")], database: Database = None
) -> None:
    """Tell it nothing any more. Its tickets stay there; which case each is of is forgotten here."""
    if not run(_with(database, lambda there, _: there.remove(name, operator()))):
        _unknown(name)
    typer.echo(f"{name} is told nothing any more")


def _unknown(name: str) -> NoReturn:
    say(f"no help desk is connected as {name}: see payguard connect list")
    raise typer.Exit(EXIT_BAD)


async def _retried(there: Connections, name: str) -> int | None:
    return None if await there.one(name) is None else await there.retry(name)


class _Given(Struct, frozen=True):
    """Where the secrets of a connection are read from; None for what it has not, or what is made here."""

    token: Path | None = None
    signing: Path | None = None

    def secrets(self, kind: str) -> Secrets:
        """What is in the files; the secret that signs is made where the help desk does not make it."""
        from services.connect.connections import Secrets, new_signing_secret

        signing = new_signing_secret(kind) if self.signing is None else _secret(self.signing)
        return Secrets(token="" if self.token is None else _secret(self.token), signing=signing)


def _secret(path: Path) -> str:
    text = (
        sys.stdin.read(_MOST_SECRET) if str(path) == "-" else path.read_text(encoding="utf-8")[:_MOST_SECRET]
    )
    if not (found := text.strip()) or not found.isascii() or not found.isprintable() or " " in found:
        raise typer.BadParameter(f"{path} holds no secret: it is one line of printable ASCII")
    return found


def _options(language: str, kinds: list[str] | None, unmasked: bool, on_close: str, **more: Any) -> Options:
    from msgspec import ValidationError, convert

    from services.connect.connections import Options

    given = {
        "language": language,
        "kinds": tuple(dict.fromkeys(kinds or ())),
        "masked": not unmasked,
        "on_close": on_close,
        **more,
    }
    try:
        return convert(given, Options)
    except ValidationError as error:
        raise typer.BadParameter(str(error)) from None


def _connect(
    name: str, kind: ConnectionKind, url: str, options: Options, given: _Given, database: str | None
) -> None:
    from services.portal.portal import public_url

    secret = given.secrets(kind)
    run(_with(database, lambda there, _: there.create(name, kind, url, options, secret, operator())))
    typer.echo(f"{name} is connected: what happens to cases from now on is told there")
    typer.echo(f"its webhook: {public_url(settings_from(database=database))}/v1/connect/{name}")
    if given.signing is None:
        typer.echo(f"signed with, shown this once: {secret.signing}")


async def _with(database: str | None, work: Callable[[Connections, Settings], Awaitable[T]]) -> T:
    from services.connect.connections import Connections, connection_vault
    from services.events.own_events import event_keys

    settings = settings_from(database=database)
    vault = connection_vault(event_keys(settings))
    opened: AbstractAsyncContextManager[Any] = open_database(settings.database)
    async with opened as store:
        return await work(Connections(store, vault, time.time, settings.webhook_private_networks), settings)


def _figures(counted: Counted) -> dict[str, Any]:
    from services.http.times import utc_if

    each = counted.connection
    since = utc_if(each.failing_since)
    return {
        "name": each.name,
        "kind": each.kind,
        "url": each.url,
        "masked": each.options.masked,
        "failing_since": None if since is None else cast("Any", since).isoformat(),
        "last_error": each.last_error,
        "tickets": counted.states,
    }
