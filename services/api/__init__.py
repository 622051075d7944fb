"""The HTTP API as one application: events in, decisions out, and the routes of the other rooms.

May import: every feature room.
Imported by: `bootstrap`.
"""
