"""Several Redis servers that make one store: a primary and its replica watched by Sentinel, and a cluster of three."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.parts.real_stores import RedisServer, program_of
from services.platform.embedded import answers_ping, free_port, wait_until_ready
from services.platform.guarded_process import GuardedProcess

SERVICE = "payguard"
_WAIT_S = 90.0
_FIRST_BUS_PORT = 10_000


def cli(port: int, *words: str) -> str:
    """What redis-cli prints, errors included."""
    said = subprocess.run(
        ["redis-cli", "-p", str(port), *words], capture_output=True, text=True, timeout=20, check=False
    )
    return said.stdout.strip()


def until(claim: Callable[[], bool], what: str) -> None:
    """Wait for other processes to come to an agreement."""
    deadline = time.monotonic() + _WAIT_S
    while not claim():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come to be within {_WAIT_S:g} s")
        time.sleep(0.05)


class SentinelGroup:
    """`primary` and `replica` change places at each `fail_over`; both stay up. One Sentinel decides alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.primary = RedisServer(folder / "one")
        self.replica = RedisServer(folder / "two")
        self.port = free_port()
        self._sentinel: GuardedProcess | None = None

    @property
    def url(self) -> str:
        """The address for PayGuard."""
        return f"redis+sentinel://127.0.0.1:{self.port}/{SERVICE}/0"

    def start(self) -> str:
        """Start all three and wait until Sentinel knows the replica. Raises PartMissing."""
        self.primary.start()
        self.replica.start()
        cli(self.replica.port, "REPLICAOF", "127.0.0.1", str(self.primary.port))
        until(lambda: "master_link_status:up" in cli(self.replica.port, "INFO", "replication"), "the replica")
        config = self.folder / "sentinel.conf"
        config.write_text(
            f"port {self.port}\nbind 127.0.0.1\n"
            f"sentinel monitor {SERVICE} 127.0.0.1 {self.primary.port} 1\n"
            f"sentinel down-after-milliseconds {SERVICE} 1000\n"
            f"sentinel failover-timeout {SERVICE} 5000\n"
        )
        argv = [program_of("redis-server", "redis-server"), str(config), "--sentinel"]
        self._sentinel = GuardedProcess(argv, self.folder / "sentinel.log")
        wait_until_ready("Sentinel", self._sentinel, lambda: answers_ping(self.port), _WAIT_S)
        until(lambda: bool(cli(self.port, "SENTINEL", "REPLICAS", SERVICE)), "Sentinel's view of the replica")
        return self.url

    def fail_over(self) -> None:
        """Ask for a planned fail-over; returns at once."""
        until(lambda: cli(self.port, "SENTINEL", "FAILOVER", SERVICE) == "OK", "a fail-over")
        self.primary, self.replica = self.replica, self.primary

    def settled(self) -> bool:
        """Whether the new primary is one, and the old one its replica."""
        return "role:master" in cli(self.primary.port, "INFO", "replication") and "role:slave" in cli(
            self.replica.port, "INFO", "replication"
        )

    def stop(self) -> None:
        """End all three."""
        if self._sentinel is not None:
            self._sentinel.stop()
        self.replica.stop()
        self.primary.stop()


class ClusterNode(RedisServer):
    """redis-server in cluster mode."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        while self.port > 65_535 - _FIRST_BUS_PORT:
            self.port = free_port()

    def more(self) -> list[str]:
        """Flags of cluster mode."""
        return ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"]


class ClusterGroup:
    """Three primaries that share the slots."""

    def __init__(self, folder: Path) -> None:
        self.nodes = [ClusterNode(folder / str(number)) for number in range(3)]

    @property
    def url(self) -> str:
        """The address for PayGuard."""
        return f"redis+cluster://{','.join(f'127.0.0.1:{node.port}' for node in self.nodes)}"

    def start(self) -> str:
        """Start the nodes and join them. Raises PartMissing."""
        for node in self.nodes:
            node.start()
        bounds = [0, 5461, 10923, 16384]
        for number, node in enumerate(self.nodes):
            cli(node.port, "CLUSTER", "ADDSLOTSRANGE", str(bounds[number]), str(bounds[number + 1] - 1))
        for node in self.nodes[1:]:
            cli(self.nodes[0].port, "CLUSTER", "MEET", "127.0.0.1", str(node.port))
        until(lambda: all(map(_is_joined, self.nodes)), "the cluster")
        return self.url

    def stop(self) -> None:
        """End the nodes."""
        for node in self.nodes:
            node.stop()


def _is_joined(node: ClusterNode) -> bool:
    told = cli(node.port, "CLUSTER", "INFO")
    return "cluster_state:ok" in told and "cluster_known_nodes:3" in told
