"""HTTP of grants: the public keys that check them, for anyone."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from msgspec import json
from pydantic import BaseModel

from services.mfa.grants import Grants

#: How long a wallet may keep the keys. A new key is published before it signs, and an unknown `kid` is asked for at once.
KEPT_S = 300

router = APIRouter(tags=["second factor"])


class PublishedKey(BaseModel):
    """A public key (RFC 8037)."""

    kty: str
    crv: str
    x: str
    kid: str
    use: str
    alg: str


class KeySet(BaseModel):
    """The keys that check grants, the one that signs first."""

    keys: list[PublishedKey]


@router.get("/.well-known/jwks.json", response_model=KeySet)
async def jwks(request: Request) -> Response:
    """The public keys of grants (RFC 7517). Needs no API key."""
    grants: Grants = request.app.state.grants
    headers = {"Cache-Control": f"public, max-age={KEPT_S}"}
    return Response(json.encode(grants.jwks()), media_type="application/json", headers=headers)
