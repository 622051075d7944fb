"""Simulated people: who they are, where and on what they come, and an ordinary day of theirs as events.

May import: `scoring`, for distances.
Imported by: `summarise`, `simulate`, `evaluate`, `demo`, and the stories of tests.
"""
