"""Apache Kafka as child processes on loopback: see `real_parts`."""

from __future__ import annotations

import os
import signal
import socket
import struct
from pathlib import Path
from typing import Self

from benchmarks.parts.jars import ensure_jars
from benchmarks.parts.real_stores import READY_TIMEOUT_S
from services.platform.embedded import free_port, wait_until_ready
from services.platform.guarded_process import GuardedProcess

KAFKA_FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "kafka"
_METADATA_REQUEST = struct.pack(">hhih4sI", 3, 1, 1, 4, b"test", 0)


class KafkaCluster:
    """Apache Kafka in KRaft mode, each node broker and controller at once.

    With three nodes: replication factor 3, min.insync.replicas 2. Topics are never created by being asked for.

    :param folder: where configuration, logs and data go.
    :param nodes: 1 or 3.
    :param heap: the Java heap of each node.
    """

    def __init__(self, folder: Path, nodes: int = 1, heap: str = "768m") -> None:
        self.folder = folder
        self.heap = heap
        self.broker_ports = [free_port() for _ in range(nodes)]
        self._controller_ports = [free_port() for _ in range(nodes)]
        self._processes: dict[int, GuardedProcess] = {}

    @property
    def bootstrap(self) -> str:
        """host:port of every broker, comma-separated."""
        return ",".join(f"127.0.0.1:{port}" for port in self.broker_ports)

    def start(self) -> str:
        """Starts all nodes and waits until each knows all others.

        :returns: the bootstrap addresses.
        :raises PartMissing: no Java, or no jars and no Maven.
        """
        ensure_jars(KAFKA_FOLDER, "Kafka")
        nodes = range(len(self.broker_ports))
        for node in nodes:
            self._launch(node)
        for node in nodes:
            self.wait_until_ready(node, brokers=len(self.broker_ports))
        return self.bootstrap

    def restart(self, node: int = 0) -> None:
        """Brings one ended node back, with its data, and waits until it answers."""
        self._launch(node)
        self.wait_until_ready(node)

    def wait_until_ready(self, node: int, brokers: int = 1) -> None:
        """Waits until a node answers that it knows at least so many brokers."""
        port = self.broker_ports[node]
        wait_until_ready(
            f"Kafka node {node}",
            self._processes[node],
            lambda: _brokers_known(port) >= brokers,
            READY_TIMEOUT_S,
        )

    def kill9(self, node: int = 0) -> None:
        """Ends one node as a power cut would."""
        self._processes[node].kill9()

    def stop_node(self, node: int = 0) -> None:
        """Ends one node in order (leaders move first)."""
        self._processes[node].stop()

    def pause(self, node: int = 0) -> None:
        """Freezes one node; ``resume`` lets it go on."""
        self._processes[node].send(signal.SIGSTOP)

    def resume(self, node: int = 0) -> None:
        """Lets a frozen node go on."""
        self._processes[node].send(signal.SIGCONT)

    def stop(self) -> None:
        """Ends all nodes, at once and without ceremony: a cluster that loses its quorum cannot stop in order."""
        for process in self._processes.values():
            process.kill9()

    def _launch(self, node: int) -> None:
        properties = self.folder / f"node{node}.properties"
        if not properties.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            properties.write_text(self._properties(node))
        env = {**os.environ, "KAFKA_HEAP": self.heap}
        log_file = self.folder / f"node{node}.log"
        argv = [str(KAFKA_FOLDER / "start"), str(properties)]
        self._processes[node] = GuardedProcess(argv, log_file, grace_s=15, env=env)

    def _properties(self, node: int) -> str:
        nodes = len(self.broker_ports)
        voters = ",".join(f"{n + 1}@127.0.0.1:{port}" for n, port in enumerate(self._controller_ports))
        broker = f"PLAINTEXT://127.0.0.1:{self.broker_ports[node]}"
        settings = {
            "process.roles": "broker,controller",
            "node.id": node + 1,
            "controller.quorum.voters": voters,
            "listeners": f"{broker},CONTROLLER://127.0.0.1:{self._controller_ports[node]}",
            "advertised.listeners": broker,
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAINTEXT",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": (self.folder / f"node{node}").resolve(),
            "auto.create.topics.enable": "false",
            "num.partitions": 8,
            "default.replication.factor": nodes,
            "min.insync.replicas": 2 if nodes >= 3 else 1,
            "offsets.topic.num.partitions": 8,
            "offsets.topic.replication.factor": nodes,
            "transaction.state.log.replication.factor": nodes,
            "transaction.state.log.min.isr": 2 if nodes >= 3 else 1,
            "group.initial.rebalance.delay.ms": 0,
            "group.min.session.timeout.ms": 1000,
            "broker.heartbeat.interval.ms": 500,
            "broker.session.timeout.ms": 4000,
        }
        return "".join(f"{key}={value}\n" for key, value in settings.items())

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()


def _brokers_known(port: int) -> int:
    """How many brokers the one on this port knows: a Metadata v1 request about no topic, by hand."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(struct.pack(">I", len(_METADATA_REQUEST)) + _METADATA_REQUEST)
            answer = connection.recv(12, socket.MSG_WAITALL)
            return int(struct.unpack(">IIi", answer)[2]) if len(answer) == 12 else 0
    except OSError:
        return 0
