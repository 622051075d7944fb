"""What a wallet's backend does with a grant before it moves money. Copy it; it needs PyJWT[crypto]."""

import hashlib
from collections.abc import Callable, Mapping

import jwt

CLOCKS_DIFFER_S = 5


class Refused(Exception):
    """The grant does not allow this: do not move the money."""


def check_grant(
    grant: str,
    wanted: Mapping[str, str | None],
    keys: jwt.PyJWKClient,
    spend: Callable[[str, int], bool],
    now: float,
) -> None:
    """Return when `grant` allows what is `wanted`, once; else raise Refused. `now` is in epoch seconds.

    `wanted` comes from the backend's own records, never from the request that carries the grant: sub (the account),
    event_id, purpose, amount ("412.00"), currency and payee_id. `keys` is PyJWKClient(".../.well-known/jwks.json").
    `spend(jti, exp)` writes jti down in the transaction that moves the money; True the first time only.
    """
    try:
        typ = jwt.get_unverified_header(grant).get("typ")
        key = keys.get_signing_key_from_jwt(grant)
        timeless = {"verify_exp": False, "verify_iat": False, "require": ["iat", "exp", "jti", "digest"]}
        claims = jwt.decode(grant, key, ["EdDSA"], timeless, issuer="payguard", audience="wallet")  # type: ignore[arg-type]
    except jwt.PyJWTError as error:
        raise Refused("this is no grant of PayGuard") from error
    if typ != "grant+jwt" or any(claims.get(name) != value for name, value in wanted.items()):
        raise Refused("the grant is for something else")
    if claims["digest"] != digest_of(wanted):
        raise Refused("the grant is for something else")
    if not claims["iat"] - CLOCKS_DIFFER_S <= now < claims["exp"]:
        raise Refused("the grant's time is over")
    if not spend(claims["jti"], claims["exp"]):
        raise Refused("the grant was used before")


def digest_of(wanted: Mapping[str, str | None]) -> str:
    """The digest of what is approved: each part with its length in bytes before it, or a dash where there is none."""
    names = ("event_id", "purpose", "amount", "currency", "payee_id")
    digest = hashlib.sha256(b"19:payguard-approval-1")
    for data in (None if wanted[name] is None else str(wanted[name]).encode() for name in names):
        digest.update(b"-" if data is None else b"%d:%b" % (len(data), data))
    return digest.hexdigest()
