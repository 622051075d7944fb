"""People who work at the desk: members and their roles, how they sign in, their sessions, and what each may do.

May import: `mfa`'s codes and vault, `http`, `audit`, `enrichment`'s names of browsers, `platform`.
Imported by: `desk`, `rights`, `api`, `bootstrap`, `cli`.
"""
