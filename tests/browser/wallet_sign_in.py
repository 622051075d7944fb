"""A wallet's own sign-in (OpenID Connect) on loopback, which lets everybody through as the account li."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

import httpx
from fastapi import FastAPI, Request
from starlette.responses import RedirectResponse

from services.api.application import server
from services.centre.sign_in import SignIn
from services.centre.sign_in_pages import BACK
from services.http.openid import CodeFlow, Provider
from services.platform.embedded import free_port
from tests.browser.served import Served
from tests.services.centre.issuer import CLIENT, SECRET, Issuer
from tests.services.portal.site import KEYS


class WalletSignIn:
    """The provider, served beside the pages, which know it while it is there. Use as a context manager."""

    def __init__(self, served: Served) -> None:
        self._served = served
        port = free_port()
        self._issuer = Issuer(f"http://127.0.0.1:{port}", served.clock)
        self._server = server(self._app(), "127.0.0.1", port, own_signals=False)

    def __enter__(self) -> WalletSignIn:
        self._served.run(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self._served.run(self._stop())

    def _app(self) -> FastAPI:
        app, issuer = self._issuer.app(), self._issuer

        @app.get("/authorize")
        async def authorize(request: Request) -> RedirectResponse:
            issuer.asked = dict(request.query_params)
            back = urlencode({"code": "good", "state": issuer.asked["state"]})
            return RedirectResponse(f"{issuer.asked['redirect_uri']}?{back}", status_code=303)

        return app

    async def _start(self) -> None:
        self._serving = asyncio.create_task(self._server.serve())
        while not self._server.started:  # noqa: ASYNC110 (it offers no event)
            await asyncio.sleep(0.01)
        self._client = httpx.AsyncClient(timeout=60.0)
        provider = Provider(issuer=self._issuer.url, client_id=CLIENT, client_secret=SECRET)
        back = f"{self._served.url}{BACK}"
        flow = CodeFlow(provider, KEYS, back, self._served.clock, self._client)
        self._served.site.app.state.sign_in = SignIn(flow)

    async def _stop(self) -> None:
        self._server.should_exit = True
        await self._serving
        await self._client.aclose()
