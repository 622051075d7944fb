"""Every router of the desk below /v1, for programs."""

from __future__ import annotations

from services.desk.case_routes import router as case_router
from services.desk.file_routes import router as file_router
from services.desk.pack_routes import router as pack_router
from services.desk.report_routes import router as report_router
from services.desk.story_routes import router as story_router

API_ROUTERS = (case_router, file_router, pack_router, report_router, story_router)
