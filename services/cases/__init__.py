"""Alerts, support cases, notices, contacts, and the outbox that carries them to Kafka.

May import: `http`, `events`, `platform`.
Imported by: `notifier`, `mfa`, `portal`, `api`.
"""
