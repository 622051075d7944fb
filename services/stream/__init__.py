"""A batch's way from Kafka to durable decisions. Read `pipeline` first. The only room that knows Faust.

May import: `scoring`, `policy`, `events`, `memory`, `platform`.
Imported by: `replay`, `bootstrap`, `operations`.
"""
