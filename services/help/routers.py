"""Every router of the help, for the application to take in."""

from __future__ import annotations

from services.help import notice_routes, pages, routes

ROUTERS = (routes.router, notice_routes.router, pages.router)
