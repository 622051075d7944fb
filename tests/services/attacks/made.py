"""Made-up attempts: attackers of known sizes, and people who mistype."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from services.attacks.kinds import Tried
from services.attacks.waves import Known, Tries, Use, Wave

NOW = 1_790_000_000.0
HOUR_S = 3600.0
DAY_S = 86_400.0


def key(name: str) -> bytes:
    """A key of sixteen bytes for a name."""
    return name.encode().ljust(16, b"\0")[-16:]


def tried(
    account: str,
    source: str,
    at: float,
    *,
    what: Tried = "password",
    device: str | None = None,
    network: str = "AS-made",
    kind: str = "hosting",
) -> Tries:
    """One attempt that failed."""
    return Tries(
        what,
        key(source),
        account,
        key(device or f"d-{account}-{source}"),
        key(network),
        kind,
        "TH",
        at,
        at,
    )


def attack(
    name: str,
    accounts: int,
    sources: int,
    begins: float,
    lasts_s: float,
    *,
    what: Tried = "password",
    seed: int = 1,
    kind: str = "hosting",
    networks: int = 1,
) -> list[Tries]:
    """An attempt on each account from an address drawn for it, at a moment drawn for it."""
    rng = Random(seed)
    found = []
    for number in range(accounts):
        source = number if number < sources else rng.randrange(sources)
        at = begins + rng.random() * lasts_s
        network = f"AS-{name}{source % networks}"
        found.append(
            tried(f"{name}-{number}", f"s-{name}-{source}", at, what=what, network=network, kind=kind)
        )
    return found


def mistypers(
    people: int, begins: float, lasts_s: float, seed: int = 7
) -> tuple[list[Tries], dict[str, list[Use]]]:
    """People who mistype at home, at the office or behind a carrier, on devices that they use for long; and what is known of
    them."""
    rng = Random(seed)
    tries, known = [], {}
    for number in range(people):
        account, device = f"p-{number}", f"phone-{number}"
        where = rng.choice((f"home-{number}", f"office-{number % 5}", f"gate-{number % 3}"))
        kind = "mobile" if where.startswith("gate") else "residential"
        at = begins + rng.random() * lasts_s
        network = f"AS-isp{number % 4}"
        tries.append(tried(account, where, at, device=device, network=network, kind=kind))
        known[account] = [Use("login", key(where), key(device), at - 9 * DAY_S, at + 20.0)]
    return tries, known


def sizes(wave: Wave) -> tuple[str, int, int, int, int]:
    """Kind, attempts, accounts, addresses, and accounts that gave way."""
    return wave.kind, wave.attempts, len(wave.accounts), len(wave.sources), wave.gave_way


def nobody(tries: Iterable[Tries]) -> Known:
    """Nothing is known of any account."""
    return {each.account_id: [] for each in tries}
