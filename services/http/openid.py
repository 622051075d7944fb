"""Signing in at an OpenID Connect provider: authorization code with PKCE, state and nonce.

OpenID Connect Core 1.0 section 3.1, RFC 7636, RFC 9207. Owners sign in so at the wallet's provider, staff at the company's.
"""

from __future__ import annotations

import hmac
import logging
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Literal
from urllib.parse import urlencode

import httpx
import msgspec
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from msgspec import Struct

from services.http.signed_text import SignedText
from services.platform.keyring import Keyring

#: How long a sign-in may take, and how far the provider's clock may be off.
PENDING_S, LEEWAY_S = 600.0, 60
_TIMEOUT_S = 10.0
_KEPT_S = 3600.0
#: Signatures that only the provider can make; never `none`, nor one under the client's own secret.
ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
_MOST_BYTES = 1_000_000
Why = Literal["away", "refused", "cancelled", "setup", "unknown", "stale"]
#: What a provider says (OAuth 2.0 section 4.1.2.1 and 5.2, OpenID Connect Core section 3.1.2.6), as its reader needs to hear it.
_SAYS: Mapping[str, Why] = {
    "access_denied": "cancelled",
    "consent_required": "cancelled",
    "login_required": "refused",
    "interaction_required": "refused",
    "account_selection_required": "refused",
    "server_error": "away",
    "temporarily_unavailable": "away",
    "invalid_grant": "stale",
    "invalid_client": "setup",
    "unauthorized_client": "setup",
    "invalid_request": "setup",
    "invalid_scope": "setup",
    "unsupported_response_type": "setup",
    "unsupported_grant_type": "setup",
}
_log = logging.getLogger(__name__)


class SignInFailed(Exception):
    """Nobody is signed in.

    `why`: the provider is away, it refused, whoever signs in did not go on, provider and PayGuard do not fit together (`setup`),
    it does not say who they are (`unknown`), or the sign-in was not begun here or is over (`stale`).
    """

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


class Provider(Struct, frozen=True, kw_only=True):
    """Where people sign in, as whom PayGuard is known there, and what it asks for; `setting` is the issuer's variable."""

    issuer: str
    client_id: str
    client_secret: str
    scopes: tuple[str, ...] = ("openid",)
    setting: str = "PAYGUARD_OIDC_ISSUER"

    def __repr__(self) -> str:
        return f"Provider({self.issuer!r})"


class Proved(Struct, frozen=True):
    """What the provider's ID token says, and the page that the sign-in was begun for."""

    issuer: str
    claims: Mapping[str, Any]
    page: str

    def __repr__(self) -> str:
        return f"Proved({self.issuer!r})"


class _Found(Struct):
    """What the provider publishes of itself."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    authorization_response_iss_parameter_supported: bool = False


class _Pending(Struct, array_like=True):
    state: str
    nonce: str
    verifier: str
    until: float
    page: str = ""


class CodeFlow:
    """One provider. `clock` gives epoch seconds; `returns_to` is the address of the page that it sends people back to.

    What a sign-in in progress must remember is in a cookie, signed for this `purpose`.
    """

    def __init__(
        self,
        provider: Provider,
        keys: Keyring,
        returns_to: str,
        clock: Callable[[], float],
        client: httpx.AsyncClient | None = None,
        purpose: str = "payguard sign-in",
    ) -> None:
        self._signed = SignedText(keys, purpose)
        self._provider = provider
        self._returns_to = returns_to
        self._clock = clock
        self._client = client or httpx.AsyncClient(timeout=_TIMEOUT_S, follow_redirects=False)
        self._found: tuple[_Found, float] | None = None

    async def begin(self, page: str) -> tuple[str, str]:
        """Where to send the reader, who goes on to `page` then, and what their cookie must hold meanwhile.

        Raises SignInFailed.
        """
        found = await self._discovered()
        pending = _Pending(
            secrets.token_urlsafe(32),
            secrets.token_urlsafe(32),
            secrets.token_urlsafe(48),
            self._clock() + PENDING_S,
            page,
        )
        asked = {
            "response_type": "code",
            "client_id": self._provider.client_id,
            "redirect_uri": self._returns_to,
            "scope": " ".join(self._provider.scopes),
            "state": pending.state,
            "nonce": pending.nonce,
            "code_challenge": create_s256_code_challenge(pending.verifier),
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in found.authorization_endpoint else "?"
        return f"{found.authorization_endpoint}{joint}{urlencode(asked)}", self._signed.sealed(pending)

    async def finish(self, cookie: str, answer: Mapping[str, str]) -> Proved:
        """What the provider says of who signed in, by what it sent the reader back with. Raises SignInFailed."""
        pending = self._signed.opened(cookie, _Pending)
        if pending is None or pending.until <= self._clock():
            raise SignInFailed("stale")
        if not hmac.compare_digest(pending.state.encode(), answer.get("state", "").encode()):
            raise SignInFailed("stale")
        found = await self._discovered()
        # RFC 9207: the answer of another provider that the reader was led to.
        if answer.get("iss", found.issuer) != found.issuer:
            raise SignInFailed("refused")
        if "error" in answer or not answer.get("code"):
            raise _failed("its answer", answer.get("error", ""))
        tokens = await self._tokens(found, answer["code"], pending.verifier)
        return Proved(found.issuer, await self._claims(found, tokens, pending.nonce), pending.page)

    async def _discovered(self) -> _Found:
        if self._found is not None and self._found[1] > self._clock():
            return self._found[0]
        issuer = self._provider.issuer.rstrip("/")
        body = await self._ask("GET", f"{issuer}/.well-known/openid-configuration")
        try:
            found = msgspec.json.decode(body, type=_Found)
        except msgspec.DecodeError:
            raise SignInFailed("away") from None
        if found.issuer.rstrip("/") != issuer:
            _log.warning("sign-in: the provider calls itself otherwise than %s does", self._provider.setting)
            raise SignInFailed("setup")
        self._found = found, self._clock() + _KEPT_S
        return found

    async def _tokens(self, found: _Found, code: str, verifier: str) -> dict[str, Any]:
        body = await self._ask(
            "POST",
            found.token_endpoint,
            data={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self._returns_to,
                "code_verifier": verifier,
            },
            auth=(self._provider.client_id, self._provider.client_secret),
        )
        try:
            return msgspec.json.decode(body, type=dict[str, Any])
        except msgspec.DecodeError:
            raise SignInFailed("away") from None

    async def _claims(self, found: _Found, tokens: Mapping[str, Any], nonce: str) -> Mapping[str, Any]:
        """The claims of the ID token, once its signature, issuer, audience, times and nonce are right."""
        body = await self._ask("GET", found.jwks_uri)
        asked = {
            "client_id": self._provider.client_id,
            "nonce": nonce,
            "access_token": tokens.get("access_token"),
        }
        options = {
            "iss": {"essential": True, "value": found.issuer},
            "aud": {"essential": True, "value": self._provider.client_id},
            "nonce": {"essential": True},
        }
        try:
            keys = KeySet.import_key_set(msgspec.json.decode(body))
            token = jwt.decode(str(tokens.get("id_token", "")), keys, algorithms=ALGORITHMS)
            claims = CodeIDToken(token.claims, token.header, options, asked)
            claims.validate(now=int(self._clock()), leeway=LEEWAY_S)
        except (JoseError, ValueError, TypeError, KeyError, msgspec.DecodeError) as error:
            raise _refused(error) from None
        except Exception as error:
            # Authlib's own errors of claims have no common ancestor but this.
            if not type(error).__module__.startswith("authlib."):
                raise
            raise _refused(error) from None
        return dict(token.claims)

    async def _ask(self, method: str, url: str, **more: Any) -> bytes:
        try:
            answer = await self._client.request(method, url, **more)
        except httpx.HTTPError:
            raise SignInFailed("away") from None
        if answer.status_code >= 500 or len(answer.content) > _MOST_BYTES:
            raise SignInFailed("away")
        if answer.status_code != 200:
            raise _failed(f"status {answer.status_code}", _error_in(answer.content))
        return answer.content


def _failed(where: str, error: str) -> SignInFailed:
    """What an error of the provider means to the reader; to the operator, the log says which it was."""
    known = error if error in _SAYS else "an unknown error"
    why = _SAYS.get(error, "refused")
    if why == "setup":
        _log.warning("sign-in: the provider says %s (%s); see docs/sign-in.md", known, where)
    return SignInFailed(why)


def _refused(error: Exception) -> SignInFailed:
    """The provider's ID token is not what it must be; what it says is nobody's to read."""
    _log.warning("sign-in: the ID token was refused: %s; see docs/sign-in.md", type(error).__name__)
    return SignInFailed("refused")


def _error_in(body: bytes) -> str:
    try:
        said = msgspec.json.decode(body, type=dict[str, Any]).get("error")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return said if isinstance(said, str) else ""
