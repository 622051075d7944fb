"""The second factor: TOTP factors, challenges, limits, recovery codes, grants, resets.

May import: `cases`, `http`, `audit`, `memory`, `platform`.
Imported by: `portal`, `api`.
"""
