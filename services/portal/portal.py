"""What the pages need, made by `services.bootstrap`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from starlette.requests import Request

from services.platform.database import Database
from services.platform.settings import Settings
from services.portal.visits import Visits

_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?|https?://\[[0-9A-Fa-f:.]+\](?::[0-9]{1,5})?")


@dataclass(frozen=True)
class Portal:
    """Links and sessions, the database, the service's name as users know it, and where they reach the pages."""

    visits: Visits
    database: Database
    service: str
    url: str

    @property
    def secure(self) -> bool:
        """Whether people reach the pages over https."""
        return self.url.startswith("https://")

    @property
    def cookie(self) -> str:
        """The name of the cookie that holds a session."""
        # A browser takes the prefix only with Secure, without Domain and for the whole host: no sibling site can set it.
        return "__Host-payguard" if self.secure else "payguard"


def portal_of(request: Request) -> Portal:
    """The application's portal."""
    portal: Portal = request.app.state.portal
    return portal


def public_url(settings: Settings) -> str:
    """Where people reach the pages, without a slash at the end: the setting, else where the API listens.

    Raises ValueError for a setting that is not a scheme, http or https, and a host alone.
    """
    if not settings.portal_url:
        return f"http://{settings.http_host}:{settings.http_port}"
    return checked_url("PAYGUARD_PORTAL_URL", settings.portal_url)


def checked_url(variable: str, url: str) -> str:
    """The address that a variable holds, without a slash at the end. Raises ValueError as `public_url`."""
    plain = url.rstrip("/")
    if _ORIGIN.fullmatch(plain) is None:
        raise ValueError(f"{variable} must be https://HOST or http://HOST, with a port if need be")
    return plain
