"""What the pages need, made by `services.bootstrap`."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from services.database import Database
from services.portal.visits import Visits
from services.settings import Settings


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


def portal_of(request: Request) -> Portal:
    """The application's portal."""
    portal: Portal = request.app.state.portal
    return portal


def public_url(settings: Settings) -> str:
    """Where people reach the pages, without a slash at the end: the setting, else where the API listens."""
    return settings.portal_url.rstrip("/") or f"http://{settings.http_host}:{settings.http_port}"
