"""Builds the owners' pages: links and sessions, the security centre, and the wallet's own sign-in."""

from __future__ import annotations

import time
from collections.abc import Callable

from redis.asyncio import Redis

from services.cases.owner_words import OwnerWords
from services.cases.unfreezing import Unfreezing
from services.centre.service import Centre
from services.centre.sign_in import SignIn
from services.centre.sign_in_pages import BACK
from services.http.openid import CodeFlow, Provider
from services.memory.known_devices import KnownDevices
from services.memory.pseudonyms import Pseudonyms
from services.memory.redis_store import RedisProfileStore
from services.mfa.wallet_lock import WalletLock
from services.mfa.with_code import WithCode
from services.platform.database import Database
from services.platform.keyring import read_keyring
from services.platform.secrets import decode_key
from services.platform.settings import Settings
from services.policy.acts import Acts
from services.portal.portal import Portal, public_url
from services.portal.visits import Lasting, Visits


def open_portal(settings: Settings, database: Database, clock: Callable[[], float] = time.time) -> Portal:
    """The pages for users. Raises UnusableKeys, ValueError for a centre that may lie unused for longer than it is open."""
    keys = read_keyring("factor_key", settings.factor_key, settings.factor_key_file)
    visits = Visits(database, keys, clock, Lasting(settings.centre_idle_s, settings.centre_longest_s))
    return Portal(visits, database, settings.totp_issuer, public_url(settings))


def open_centre(
    settings: Settings,
    database: Database,
    client: Redis,
    with_code: WithCode,
    words: OwnerWords,
    unfreezing: Unfreezing,
    acts: Acts,
    clock: Callable[[], float],
) -> Centre:
    """What the pages of the security centre ask and do. Raises UnusableKeys without a key to name devices by."""
    lock = WalletLock(database, with_code, clock, acts.lock_steps)
    names = Pseudonyms(decode_key("pseudonym_key", settings.pseudonym_key))
    known = KnownDevices(RedisProfileStore(client), settings.topic_epoch, settings.partitions)
    return Centre(database, clock, unfreezing, words, lock, with_code, names, known)


def open_sign_in(settings: Settings, clock: Callable[[], float] = time.time) -> SignIn | None:
    """The wallet's own sign-in; None where none is set. Raises UnusableKeys, ValueError for a client that is half set."""
    if not settings.oidc_issuer:
        return None
    if not (settings.oidc_client_id and settings.oidc_client_secret):
        raise ValueError(
            "PAYGUARD_OIDC_ISSUER needs PAYGUARD_OIDC_CLIENT_ID and PAYGUARD_OIDC_CLIENT_SECRET beside it"
        )
    provider = Provider(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret,
    )
    keys = read_keyring("factor_key", settings.factor_key, settings.factor_key_file)
    flow = CodeFlow(provider, keys, f"{public_url(settings)}{BACK}", clock)
    return SignIn(flow, settings.oidc_account_claim)
