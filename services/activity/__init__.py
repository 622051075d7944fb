"""What happened to each account, as rows that people read: support's cases, letters and pages.

May import: `enrichment`, `events`, `http`, `memory` (pseudonyms), `platform`.
Imported by: `cases`, `api`, `bootstrap`, the command line.
"""
