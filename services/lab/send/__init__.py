"""Events and records on their way to Kafka or to the HTTP API.

May import: `replay` for lines of files, `events` and `platform`.
Imported by: `demo`, `payguard send` and `payguard simulate`.
"""
