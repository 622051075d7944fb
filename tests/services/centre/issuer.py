"""A provider of OpenID Connect on loopback, as a wallet's own sign-in would be one."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Form, Request
from fastapi.responses import JSONResponse
from joserfc import jwt
from joserfc.jwk import ECKey

CLIENT, SECRET = "payguard", "a secret"


def s256(verifier: str) -> str:
    """RFC 7636 section 4.2."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


@dataclass
class Issuer:
    """A provider of OpenID Connect; `claims` are put over those that are right, `key` signs."""

    url: str
    clock: Callable[[], float]
    key: Any = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "one"}))
    published: Any = None
    algorithm: str = "ES256"
    claims: dict[str, Any] = field(default_factory=dict)
    asked: dict[str, str] = field(default_factory=dict)
    refuses: str = ""

    def app(self) -> FastAPI:
        """Its three addresses."""
        app = FastAPI()

        @app.get("/.well-known/openid-configuration")
        async def found() -> dict[str, str]:
            return {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/jwks",
            }

        @app.get("/jwks")
        async def jwks() -> dict[str, Any]:
            return {"keys": [(self.published or self.key).as_dict(private=False)]}

        @app.post("/token")
        async def token(request: Request, code: str = Form(), code_verifier: str = Form()) -> Any:
            if self.refuses:
                return JSONResponse({"error": self.refuses}, 400)
            basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
            assert s256(code_verifier) == self.asked["code_challenge"]
            assert request.headers["authorization"] == f"Basic {basic}"
            assert code == "good"
            now = int(self.clock())
            right = {
                "iss": self.url,
                "aud": CLIENT,
                "sub": "li",
                "iat": now,
                "exp": now + 60,
                "nonce": self.asked["nonce"],
            }
            given = {name: value for name, value in (right | self.claims).items() if value is not None}
            header = {"alg": self.algorithm, "kid": "one"}
            signed = jwt.encode(header, given, self.key, algorithms=[self.algorithm])
            return {"access_token": "t", "token_type": "Bearer", "id_token": signed}

        return app
