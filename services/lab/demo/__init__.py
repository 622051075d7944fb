"""People who live and are attacked while everything runs, and a ledger that counts apart from PayGuard.

May import: `simulate`, `summarise`, `send`, `people` and the rooms that it watches.
Imported by: `payguard up`.
"""
