"""A batch of events to decisions: who is asked, what is found, why, and what would have passed. Pure.

May import: `policy`, `risk`, `memory`.
Imported by: `stream`, and the words of decisions by `api` and `portal`.
"""
