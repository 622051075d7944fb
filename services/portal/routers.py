"""Every router of the pages, for the application to take in."""

from __future__ import annotations

from services.portal import approve_pages, factor_pages, grant_pickup, link_routes, routes, stopped_pages

ROUTERS = (
    link_routes.router,
    grant_pickup.router,
    routes.router,
    approve_pages.router,
    stopped_pages.router,
    factor_pages.router,
)
