"""The browsers that messages are pushed to stand on the page of notifications, by what their push services tell of them."""

from __future__ import annotations

import base64

import pytest
from msgspec import json

from services.cases.case_service import CaseService
from services.cases.contact_points import Contact
from services.portal.centre_frame import CENTRE_PREFIX as CENTRE
from services.reports.browsers import maker
from tests.services.cases.databases import database  # noqa: F401  found here by the tests
from tests.services.mfa.conftest import world  # noqa: F401
from tests.services.portal.conftest import database_url, site  # noqa: F401
from tests.services.portal.reading import read
from tests.services.portal.site import Site
from tests.services.reports.test_report_pages import centre  # noqa: F401

_KEYS = {
    "p256dh": base64.urlsafe_b64encode(b"\x04" + bytes(64)).decode(),
    "auth": base64.urlsafe_b64encode(bytes(16)).decode(),
}


def subscribed(host: str, number: int = 1) -> str:
    """The address of a browser of that push service."""
    return json.encode({"endpoint": f"https://{host}/{number}", "keys": _KEYS}).decode()


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("fcm.googleapis.com", "chrome"),
        ("updates.push.services.mozilla.com", "firefox"),
        ("web.push.apple.com", "safari"),
        ("wns2-par02p.notify.windows.com", "edge"),
        ("mozilla.com.evil.example", "other"),
        ("notmozilla.com", "other"),
    ],
)
def test_a_browser_is_known_by_the_host_of_its_push_service(host: str, name: str) -> None:
    assert maker(subscribed(host)) == name


async def test_an_owner_sees_each_of_their_browsers_and_nobody_else_s(centre: Site) -> None:  # noqa: F811
    desk = CaseService(centre.world.database, centre.world.clock)
    before = read(await centre.browser.get(f"{CENTRE}/notifications"))
    for account, host in (
        ("li", "fcm.googleapis.com"),
        ("li", "updates.push.services.mozilla.com"),
        ("wu", "x.example"),
    ):
        await desk.set_contact(account, Contact(subscribed(host), "en", "Asia/Shanghai", "web_push"))
    page = read(await centre.browser.get(f"{CENTRE}/notifications"))

    assert "Browsers that get messages" not in before.text
    assert "Chrome or a similar browser" in page.text
    assert "Firefox" in page.text
    assert "A browser" not in page.text
