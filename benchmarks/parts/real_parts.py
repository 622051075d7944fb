"""Apache Kafka, Redis and PostgreSQL as child processes on loopback, for the bench and for tests that break them.

Each class starts real servers from programs of this machine in a folder of the caller's, answers their address, can
kill them without warning and bring them back on the same port with the same data. All end with their parent.
"""

from benchmarks.parts.real_kafka import KafkaCluster
from benchmarks.parts.real_stores import PartMissing, PostgresServer, RedisServer, new_parts_folder

__all__ = [
    "KafkaCluster",
    "PartMissing",
    "PostgresServer",
    "RedisServer",
    "new_parts_folder",
]
