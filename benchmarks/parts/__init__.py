"""What the bench and the tests run against: Kafka, Redis and PostgreSQL as child processes, and topics in them.

May import: `plan` and the rooms of services.
Imported by: `instruments`, `sections`, and the tests on real parts.
"""
