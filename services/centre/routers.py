"""Every router of the centre, for the application to take in."""

from __future__ import annotations

from services.centre import (
    activity_pages,
    answer_pages,
    authenticator_pages,
    device_pages,
    lock_pages,
    overview_pages,
    routes,
    sign_in_pages,
)

ROUTERS = (
    overview_pages.router,
    lock_pages.router,
    answer_pages.router,
    activity_pages.router,
    device_pages.router,
    authenticator_pages.router,
    routes.router,
    sign_in_pages.router,
)
