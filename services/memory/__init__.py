"""What is remembered of accounts: profiles, counts over accounts and payees, on Redis and in process.

May import: `platform`.
Imported by: `enrichment`, `scoring`, `stream` and what builds them.
"""
