"""Alerts, support cases, notices, contacts, and the outbox that carries them to Kafka.

May import: `activity`, `wallet`, `http`, `events`, `platform`.
Imported by: `notifier`, `mfa`, `portal`, `api`.
"""
