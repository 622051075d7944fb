"""Public data sets as PayGuard events, in the order of their time.

May import: `contracts`.
Imported by: `payguard convert`.
"""
