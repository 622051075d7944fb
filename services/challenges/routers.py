"""Every router of the second factor."""

from __future__ import annotations

from services.challenges.factor_routes import router as factors
from services.challenges.grant_routes import router as grants
from services.challenges.reset_routes import router as resets
from services.challenges.routes import router as challenges

ROUTERS = (factors, resets, challenges, grants)
