"""Every route of the desk asks who is there, and an auditor changes nothing; a new route is found by itself."""

from __future__ import annotations

import re

from fastapi.routing import APIRoute

from services.desk.routers import ROUTERS
from tests.services.desk.browser import DeskClients

#: Of these nobody needs to be anybody.
BEFORE = {
    "GET /desk/assets/{digest}/{name}",
    "GET /desk/sign-in",
    "POST /desk/sign-in",
    "GET /desk/first",
    "GET /desk/first/{code}",
    "POST /desk/first",
    "POST /desk/first/bind",
}
#: What is a member's own, which an auditor may send too.
OWN = {
    "POST /desk/sign-out",
    "POST /desk/me/language",
    "POST /desk/me/time-zone",
    "POST /desk/me/keys",
    "POST /desk/me/sessions/end",
}


def routes() -> set[str]:
    found = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    return {f"{method} {route.path}" for route in found for method in (route.methods or set()) - {"HEAD"}}


async def test_every_route_asks_who_is_there_and_an_auditor_changes_nothing(desk_client: DeskClients) -> None:
    stranger, auditor = desk_client.stranger(), await desk_client("auditor")
    page = await auditor.page("/desk/me")
    token = page.form("/desk/me/language").fields["csrf"]
    for route in sorted(routes() - BEFORE):
        method, path = route.split(" ", 1)
        filled = re.sub(r"\{[^}]+\}", "x", path)
        nobody = await stranger.client.request(method, filled)
        assert nobody.status_code == (303 if method == "GET" else 401), route
        if method == "POST" and route not in OWN:
            answer = await auditor.client.post(filled, data={"csrf": token})
            assert answer.status_code == 403, route


async def test_what_is_before_the_sign_in_and_what_is_ones_own_are_routes() -> None:
    assert routes() >= BEFORE | OWN
