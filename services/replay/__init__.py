"""The same pipeline without a broker: over files of events, or a topic's history.

May import: `stream`, `events`, `memory`.
Imported by: `bootstrap`, `operations`, `lab`.
"""
