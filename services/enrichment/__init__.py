"""What an event did not bring itself: place, network kind, device, and the keyed hashes that memory is named by.

May import: `memory`, `platform`.
Imported by: `events`, `stream`, `bootstrap`.
"""
