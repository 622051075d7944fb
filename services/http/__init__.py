"""What every route shares: the guard before them, API keys, identifiers, problem details, tracing.

May import: `audit`, `events`, `platform`.
Imported by: `cases`, `mfa`, `portal`, `api`.
"""
