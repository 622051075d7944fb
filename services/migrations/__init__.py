"""Alembic migrations of the one schema: 0001_cases, 0002_challenges, 0003_api_keys, in a line."""
