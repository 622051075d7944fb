"""Every route of the desk, and every caller: the running application answers as the table says, and a new route needs a row."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import urlencode

import pytest
from starlette.types import Message

from services.api.route_table import routed
from services.desk.authorisation import MAY
from services.http.api_keys import SCOPES
from services.staff.members import ROLES, Member
from services.staff.sessions import Seen
from tests.services.api.test_authorization import routes
from tests.services.desk.browser import COOKIE, DeskClients
from tests.services.desk.made import URL, hired

#: What a path must hold so that the route's own function is reached.
_FILLED = {"decision": "approve", "act": "role"}


async def status(clients: DeskClients, route: str, cookie: str = "", csrf: str = "", key: str = "") -> str:
    """What one call is answered: its status, and where it leads. Nothing of the body is waited for, for some never end."""
    method, path = route.split(" ", 1)
    filled = re.sub(r"\{(\w+)\}", lambda found: _FILLED.get(found[1], "x"), path)
    body = urlencode({"csrf": csrf}).encode() if method == "POST" else b""
    headers = {"host": "payguard", "origin": URL, "content-type": "application/x-www-form-urlencoded"}
    headers |= {"cookie": f"{COOKIE}={cookie}"} if cookie else {}
    headers |= {"authorization": f"Bearer {key}"} if key else {}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": filled,
        "raw_path": filled.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), text.encode()) for name, text in headers.items()],
        "client": ("203.0.113.9", 5000),
        "server": ("payguard", 80),
    }
    started: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
    left, gone = [{"type": "http.request", "body": body, "more_body": False}], asyncio.Event()

    async def receive() -> Message:
        if left:
            return left.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start" and not started.done():
            started.set_result(message)

    async with asyncio.TaskGroup() as group:
        answering = group.create_task(clients.world.app(scope, receive, send))
        said = await started
        answering.cancel()
    leads = dict(said["headers"]).get(b"location", b"").decode()
    return "sign-in" if leads.startswith("/desk/sign-in") else str(said["status"])


async def signed_in(clients: DeskClients, member: Member) -> tuple[str, str]:
    """The cookie and the form token of a new session: one call may end the session that it is made in."""
    staff = clients.desk.staff
    async with staff.database.begin() as connection:
        text = await staff.sessions.begin(connection, member, "password", Seen())
    found = await staff.sessions.find(text)
    assert found is not None
    return text, found.csrf


def test_every_route_of_the_desk_has_a_row_and_no_row_is_left_over() -> None:
    found = {route for route in routes(routed().routes) if re.match(r"\w+ /desk(/|$)", route)}

    assert found == set(MAY)


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_opens_what_its_column_says_and_nothing_else(
    desk_client: DeskClients, role: str
) -> None:
    member = await hired(desk_client.desk.staff, role)
    wrong = {}
    for route, roles in MAY.items():
        answer = await status(desk_client, route, *await signed_in(desk_client, member))
        # Before the sign-in 403 says that a password is wrong; signing out leads to the sign-in, once it is done.
        refused = (answer == "403" and roles is not None) or answer == "401"
        refused |= answer == "sign-in" and route != "POST /desk/sign-out"
        if refused == (roles is None or role in roles):
            wrong[route] = answer

    assert not wrong


async def test_whoever_is_not_signed_in_is_led_to_the_sign_in_and_does_nothing(
    desk_client: DeskClients,
) -> None:
    answers = {route: await status(desk_client, route) for route in MAY}

    asked = {route: "sign-in" if route.startswith("GET") else "401" for route, roles in MAY.items() if roles}
    assert {route: answers[route] for route in asked} == asked
    assert not {answers[route] for route, roles in MAY.items() if roles is None} & {"sign-in", "401"}


async def test_no_key_opens_the_desk_and_no_session_the_api(desk_client: DeskClients) -> None:
    key, _ = await desk_client.world.keys.create("all", SCOPES)
    cookie, csrf = await signed_in(desk_client, await hired(desk_client.desk.staff, "admin"))

    assert await status(desk_client, "GET /desk/me", key=key) == "sign-in"
    assert await status(desk_client, "POST /desk/next", key=key) == "401"
    for route in ("GET /v1/cases", "POST /v1/cases/{case_id}/note", "GET /v1/webhooks"):
        assert await status(desk_client, route, cookie, csrf) == "401"
