"""Every router of what owners report, for the application to take in."""

from __future__ import annotations

from services.reports import case_pages, message_pages, notification_pages, report_pages, routes

ROUTERS = (
    routes.router,
    report_pages.router,
    case_pages.router,
    message_pages.router,
    notification_pages.router,
)
