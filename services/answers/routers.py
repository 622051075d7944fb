"""Every router of the answer pages, for the application to take in."""

from __future__ import annotations

from services.answers import done_pages, link_pages, unsubscribe_pages

ROUTERS = (link_pages.router, link_pages.brief, done_pages.router, unsubscribe_pages.router)
