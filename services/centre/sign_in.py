"""Signing in at the wallet's own OpenID Connect provider: authorization code with PKCE, state and nonce.

OpenID Connect Core 1.0 section 3.1, RFC 7636, RFC 9207. What a sign-in in progress must remember is in a cookie under the
portal's signature, so that whoever begins one writes nothing into SQL.
"""

from __future__ import annotations

import hashlib
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

from contracts.identifiers import is_identifier
from services.platform.keyring import Keyring

#: How long a sign-in may take, and how far the provider's clock may be off.
PENDING_S, _LEEWAY_S = 600.0, 60
_TIMEOUT_S = 10.0
_KEPT_S = 3600.0
#: Signatures that only the provider can make; never `none`, nor one under the client's own secret.
_ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
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

    `why`: the provider is away, it refused, the owner did not go on, provider and PayGuard do not fit together (`setup`), no
    account was named, or the sign-in was not begun here or is over (`stale`).
    """

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


class Provider(Struct, frozen=True, kw_only=True):
    """Where the wallet's users sign in, and as whom the portal is known there; `claim` of the ID token names the account."""

    issuer: str
    client_id: str
    client_secret: str
    claim: str = "sub"

    def __repr__(self) -> str:
        return f"Provider({self.issuer!r})"


class SignedIn(Struct, frozen=True):
    """Whose sign-in it was, when they last proved who they are (epoch seconds), if the provider says so, and where they go on."""

    account_id: str
    proved_at: float | None
    page: str


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


class SignIn:
    """One provider. `clock` gives epoch seconds; `returns_to` is the address of the page that it sends people back to."""

    def __init__(
        self,
        provider: Provider,
        keys: Keyring,
        returns_to: str,
        clock: Callable[[], float],
        client: httpx.AsyncClient | None = None,
    ) -> None:
        derived = keys.derived("payguard sign-in")
        self._keys = [derived.keys[version] for version in derived.versions]
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
            "scope": "openid",
            "state": pending.state,
            "nonce": pending.nonce,
            "code_challenge": create_s256_code_challenge(pending.verifier),
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in found.authorization_endpoint else "?"
        return f"{found.authorization_endpoint}{joint}{urlencode(asked)}", self._sealed(pending)

    async def finish(self, cookie: str, answer: Mapping[str, str]) -> SignedIn:
        """Who signed in, by what the provider sent the reader back with. Raises SignInFailed."""
        pending = self._opened(cookie)
        if pending is None or not hmac.compare_digest(
            pending.state.encode(), answer.get("state", "").encode()
        ):
            raise SignInFailed("stale")
        found = await self._discovered()
        # RFC 9207: the answer of another provider that the reader was led to.
        if answer.get("iss", found.issuer) != found.issuer:
            raise SignInFailed("refused")
        if "error" in answer or not answer.get("code"):
            raise _failed("its answer", answer.get("error", ""))
        tokens = await self._tokens(found, answer["code"], pending.verifier)
        claims = await self._claims(found, tokens, pending.nonce)
        account_id, proved_at = claims.get(self._provider.claim), claims.get("auth_time")
        if not isinstance(account_id, str) or not is_identifier(account_id):
            _log.warning("sign-in: the ID token has no claim %r that names an account", self._provider.claim)
            raise SignInFailed("unknown")
        at = float(proved_at) if isinstance(proved_at, int | float) else None
        return SignedIn(account_id, at, pending.page)

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
            _log.warning("sign-in: the provider calls itself otherwise than PAYGUARD_OIDC_ISSUER does")
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
            token = jwt.decode(str(tokens.get("id_token", "")), keys, algorithms=_ALGORITHMS)
            claims = CodeIDToken(token.claims, token.header, options, asked)
            claims.validate(now=int(self._clock()), leeway=_LEEWAY_S)
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

    def _sealed(self, pending: _Pending) -> str:
        text = msgspec.json.encode(pending).hex()
        return f"{text}.{_signature(self._keys[0], text)}"

    def _opened(self, cookie: str) -> _Pending | None:
        text, _, signature = cookie.partition(".")
        right = [hmac.compare_digest(signature, _signature(key, text)) for key in self._keys]
        if not any(right):
            return None
        pending = msgspec.json.decode(bytes.fromhex(text), type=_Pending)
        return pending if pending.until > self._clock() else None


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


def _signature(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
