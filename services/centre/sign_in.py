"""Owners who sign in at the wallet's own OpenID Connect provider: which account a sign-in is of, and when it was proved."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from msgspec import Struct

from contracts.identifiers import is_identifier
from services.http.openid import CodeFlow, SignInFailed

_log = logging.getLogger(__name__)


class SignedIn(Struct, frozen=True):
    """Whose sign-in it was, when they last proved who they are (epoch seconds), if the provider says so, and where they go on."""

    account_id: str
    proved_at: float | None
    page: str


class SignIn:
    """The wallet's provider; `claim` of its ID token names the account."""

    def __init__(self, flow: CodeFlow, claim: str = "sub") -> None:
        self._flow = flow
        self._claim = claim

    async def begin(self, page: str) -> tuple[str, str]:
        """Where to send the owner, who goes on to `page` then, and what their cookie must hold meanwhile. Raises SignInFailed."""
        return await self._flow.begin(page)

    async def finish(self, cookie: str, answer: Mapping[str, str]) -> SignedIn:
        """Who signed in, by what the provider sent the owner back with. Raises SignInFailed."""
        proved = await self._flow.finish(cookie, answer)
        account_id, proved_at = proved.claims.get(self._claim), proved.claims.get("auth_time")
        if not isinstance(account_id, str) or not is_identifier(account_id):
            _log.warning("sign-in: the ID token has no claim %r that names an account", self._claim)
            raise SignInFailed("unknown")
        at = float(proved_at) if isinstance(proved_at, int | float) else None
        return SignedIn(account_id, at, proved.page)
