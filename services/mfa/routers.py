"""Every route of the second factor."""

from __future__ import annotations

from fastapi import FastAPI

from services.mfa.factor_routes import router as factors
from services.mfa.grant_routes import router as grants
from services.mfa.report_routes import router as reports
from services.mfa.reset_routes import router as resets
from services.mfa.routes import add_verify_route
from services.mfa.routes import router as challenges


def add_factor_routes(app: FastAPI) -> None:
    """Take them into the application."""
    add_verify_route(app)
    for router in (factors, resets, reports, challenges, grants):
        app.include_router(router)
