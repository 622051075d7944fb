"""What the wallet is asked to do beyond one answer, by whatever way it hears of it, and what it says it did.

May import: `http`, `platform`.
Imported by: `cases`, `portal`, `api`, `bootstrap`.
"""
