"""Flags that several commands share, and how a foreseeable error becomes one sentence and an exit code."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

from contracts.errors import Malformed, Unavailable
from services.platform.currency_files import InvalidCurrencyFile, use_currencies
from services.platform.printable import escaped, escaped_in_json
from services.platform.secrets import UnusableKeys
from services.platform.settings import Settings, load_settings
from services.policy.reader import InvalidPolicy
from services.risk.model_file import InvalidModel

if TYPE_CHECKING:
    from services.platform.database import Database as Store

#: 0 all well; 1 the result is bad (something lost, doubled or refused by a check); 2 wrong usage or unusable input;
#: 3 a part that is needed is away; 130 Ctrl-C.
EXIT_BAD, EXIT_USAGE, EXIT_AWAY = 1, 2, 3

Kafka = Annotated[str | None, typer.Option("--kafka", metavar="HOST:PORT", help="Kafka bootstrap servers.")]
Redis = Annotated[
    str | None, typer.Option("--redis", metavar="URL", help="Redis or Valkey, redis://HOST:PORT/0.")
]
Database = Annotated[
    str | None,
    typer.Option("--database", metavar="URL", help="sqlite:///FILE or postgresql://USER@HOST/NAME."),
]
DataDir = Annotated[
    Path | None, typer.Option("--data-dir", metavar="FOLDER", help="Where local state and logs go.")
]
Json = Annotated[bool, typer.Option("--json", help="Print figures as one JSON object with stable keys.")]
Rate = Annotated[float, typer.Option("--rate", min=0, help="Events per second; 0 is as fast as it goes.")]
ModelFile = Annotated[
    Path | None,
    typer.Option(
        "--model", metavar="FILE", help="A trained model (`payguard lab train`); else PAYGUARD_MODEL."
    ),
]
EventFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="JSON lines, one event each; - is standard input.")
]

T = TypeVar("T")


def settings_from(**flags: Any) -> Settings:
    """Settings from PAYGUARD_* variables and flags, with their currencies known from here on; a wrong one is a usage error."""
    try:
        settings = load_settings(**flags)
        use_currencies(settings.currencies)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    return settings


def operator() -> str:
    """Who runs the command line, for the audit: `cli:` and the name of the system's user."""
    import getpass

    try:
        return f"cli:{getpass.getuser()}"
    except (OSError, KeyError):
        return "cli:unknown"


def moment(said: str, now: float) -> float:
    """Epoch seconds of an ISO 8601 time with its offset, or of so long before `now`: 90m, 2h, 3d. A usage error for others."""
    from datetime import datetime

    ago = re.fullmatch(r"(\d{1,6})([smhd])", said)
    if ago is not None:
        return now - int(ago[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86_400}[ago[2]]
    try:
        found = datetime.fromisoformat(said)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise typer.BadParameter(
            f"a time is 2026-11-30T09:00+08:00, or a while ago such as 90m, 2h or 3d, not {said}"
        )
    return found.timestamp()


def existing(path: Path) -> Path:
    """The path, or a usage error when there is no such file (`-` always exists)."""
    if str(path) != "-" and not path.is_file():
        raise typer.BadParameter(f"there is no file {path}")
    return path


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run one coroutine to its end; Ctrl-C cancels it."""
    return asyncio.run(work)


def say(text: str) -> None:
    """One line to standard error, where it does not mix with results."""
    sys.stderr.write("\n".join(map(escaped, text.split("\n"))) + "\n")


def print_json(figures: Any) -> None:
    """One JSON object on one line of standard output."""
    from msgspec import json

    # Within a JSON text only strings hold what is not printable.
    sys.stdout.write(escaped_in_json(json.encode(figures).decode()) + "\n")


def tell(figures: Any, words: str | Iterable[str], as_json: bool) -> None:
    """The figures as one JSON object where asked, else the words, a line each, on standard output."""
    if as_json:
        print_json(figures)
        return
    for line in (words,) if isinstance(words, str) else words:
        typer.echo(line)


@asynccontextmanager
async def open_database(url: str, migrate: bool = True) -> AsyncIterator[Store]:
    """The SQL store for the length of a block, its schema brought to the newest version first; a wrong URL is a usage error."""
    from services.platform.database import Database as Store

    try:
        store = Store(url)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    try:
        if migrate:
            await store.migrate()
        yield store
    finally:
        await store.close()


#: Packages that only the laboratory needs.
_LABORATORY = frozenset({"numpy", "pyarrow", "sklearn"})


def _install(package: str) -> str:
    """What to run where an imported package is missing."""
    return "pip install 'payguard[lab]'" if package.split(".")[0] in _LABORATORY else "make dev"


def with_plain_errors(command_line: Callable[[], Any]) -> NoReturn:
    """Run the command line; foreseeable errors end in one sentence on standard error, never in a traceback."""
    try:
        command_line()
    except Malformed as error:
        say(f"error: {error.detail}")
        sys.exit(EXIT_USAGE)
    except InvalidPolicy as error:
        for fault in error.faults:
            say(f"error: {fault}")
        sys.exit(EXIT_USAGE)
    except (InvalidCurrencyFile, InvalidModel, UnusableKeys) as error:
        say(f"error: {error}")
        sys.exit(EXIT_USAGE)
    except Unavailable as error:
        say(f"error: {error}")
        sys.exit(EXIT_AWAY)
    except (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError) as error:
        say(f"error: {error.strerror}: {error.filename}")
        sys.exit(EXIT_USAGE)
    except ImportError as error:
        if (error.name or "").split(".")[0] in ("services", "contracts", "detectors", "notifier"):
            raise
        say(f"error: the package {error.name} is not installed; run: {_install(error.name or '')}")
        sys.exit(EXIT_USAGE)
    sys.exit(0)
