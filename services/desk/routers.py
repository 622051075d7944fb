"""Every router of the desk, for the application to take in."""

from __future__ import annotations

from services.desk import (
    act_pages,
    approval_pages,
    bulk_pages,
    case_pages,
    company_pages,
    file_pages,
    first_pages,
    kind_pages,
    live_pages,
    me_pages,
    open_pages,
    pack_pages,
    queue_pages,
    report_pages,
    reveal_pages,
    search_pages,
    sign_in_pages,
    staff_pages,
    today_pages,
)

ROUTERS = (
    sign_in_pages.router,
    company_pages.router,
    first_pages.router,
    me_pages.router,
    queue_pages.router,
    open_pages.router,
    pack_pages.router,
    report_pages.router,
    today_pages.router,
    case_pages.router,
    kind_pages.router,
    reveal_pages.router,
    file_pages.router,
    act_pages.router,
    approval_pages.router,
    search_pages.router,
    bulk_pages.router,
    live_pages.router,
    staff_pages.router,
)
