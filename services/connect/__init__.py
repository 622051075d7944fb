"""Help desks that are in use beside PayGuard: a ticket there for each case, notes both ways.

May import: `portal`, `mfa`, `notifier`, `cases`, `wallet`, `http`, `platform`.
Imported by: `api`, `bootstrap`, `cli`, `desk`.
"""
