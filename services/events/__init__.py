"""Bytes to typed events: decoding, mending what can be read another way, PayGuard's own signed events.

May import: `enrichment`, `platform`.
Imported by: `stream`, `http`, `api` and `cases`.
"""
