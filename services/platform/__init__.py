"""What every process stands on: settings, database, Kafka, keys, metrics, child processes, the local stack.

May import: contracts alone.
Imported by: every other room.
"""
