"""Apache Kafka as in production: users with passwords over TLS, and no right that was not given."""

from __future__ import annotations

import datetime
import ipaddress
import subprocess
from collections.abc import Iterable
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from benchmarks.parts.real_kafka import KAFKA_FOLDER
from benchmarks.parts.real_parts import KafkaCluster
from services.platform.embedded import free_port

_RESOURCES = {"topic": 2, "group": 3}
_OPERATIONS = {"Read": 3, "Write": 4, "Create": 5, "Describe": 8}
_LITERAL, _ALLOW = 3, 3
_SECURITY = "org.apache.kafka.common.security"
_PLAIN = f"{_SECURITY}.plain.PlainLoginModule"
_SCRAM = f"{_SECURITY}.scram.ScramLoginModule"
#: The listeners beside the plain one, each with its protocol.
_LISTENERS = {"SECURE": "SASL_SSL", "SCRAM": "SASL_SSL", "CERTIFICATE": "SSL"}
#: A resource's kind and name, and what may be done with it.
Right = tuple[str, str, Iterable[str]]


class SecureKafka(KafkaCluster):
    """Beside the plain listener, whose users may do everything, three with TLS: PLAIN, SCRAM-SHA-512, client certificates.

    `address` tells where, `password` and `certificate` with what a user signs in.
    """

    def __init__(self, folder: Path, users: Iterable[str]) -> None:
        super().__init__(folder, heap="384m")
        self.users = sorted(users)
        self._addresses = {name: f"127.0.0.1:{free_port()}" for name in _LISTENERS}
        self.authority = folder / "authority.pem"
        self._key = ec.generate_private_key(ec.SECP256R1())

    def address(self, listener: str) -> str:
        """Where a listener listens: SECURE, SCRAM or CERTIFICATE."""
        return self._addresses[listener]

    @staticmethod
    def password(user: str) -> str:
        """A user's password."""
        return f"word-of-{user}"

    def certificate(self, user: str, signed: bool = True) -> tuple[Path, Path]:
        """Files of a user's certificate and key, in PEM; not `signed` by the authority, it is the user's own word."""
        key = ec.generate_private_key(ec.SECP256R1())
        signer = (_AUTHORITY, self._key) if signed else (user, key)
        certificate = certificate_for(user, key, *signer)
        name = user if signed else f"{user}-unsigned"
        files = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        files[1].write_bytes(key_in_pem(key))
        return files

    async def allow(self, user: str, rights: Iterable[Right]) -> None:
        """Give a user rights."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            for kind, name, operations in rights:
                for operation in operations:
                    request = CreateAclsRequest(
                        _RESOURCES[kind], name, _LITERAL, f"User:{user}", "*", _OPERATIONS[operation], _ALLOW
                    )
                    answer = await admin._send_request(request)
                    assert [told[0] for told in answer.creation_responses] == [0], answer
        finally:
            await admin.close()

    def _launch(self, node: int) -> None:
        """As ever, but the log folder is formatted with what SCRAM knows of the users."""
        properties = self.folder / f"node{node}.properties"
        if not properties.exists():
            properties.write_text(self._properties(node))
            known = [
                word
                for user in self.users
                for word in ("--add-scram", f"SCRAM-SHA-512=[name={user},password={self.password(user)}]")
            ]
            argv = [
                "java",
                "-Xmx256m",
                "-cp",
                f"{KAFKA_FOLDER}/build/libs/*",
                "kafka.tools.StorageTool",
                "format",
            ]
            argv += ["--cluster-id", "payguard-tests-000001", "--config", str(properties), *known]
            subprocess.run(argv, check=True, capture_output=True)
        super()._launch(node)

    def _properties(self, node: int) -> str:
        keystore = self._keystore()
        users = " ".join(f'user_{user}="{self.password(user)}"' for user in self.users)
        more: dict[str, object] = {
            "super.users": "User:ANONYMOUS",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "allow.everyone.if.no.acl.found": "false",
            "listener.name.secure.sasl.enabled.mechanisms": "PLAIN",
            "listener.name.secure.plain.sasl.jaas.config": f"{_PLAIN} required {users};",
            "listener.name.scram.sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "listener.name.scram.scram-sha-512.sasl.jaas.config": f"{_SCRAM} required;",
            "listener.name.certificate.ssl.client.auth": "required",
            "listener.name.certificate.ssl.truststore.type": "PEM",
            "listener.name.certificate.ssl.truststore.location": self.authority.resolve(),
            "ssl.principal.mapping.rules": "RULE:^CN=([^,]+).*$/$1/,DEFAULT",
        }
        for name in _LISTENERS:
            more[f"listener.name.{name.lower()}.ssl.keystore.type"] = "PEM"
            more[f"listener.name.{name.lower()}.ssl.keystore.location"] = keystore.resolve()
        added = {
            "listeners=": [f"{name}://{address}" for name, address in self._addresses.items()],
            "advertised.listeners=": [f"{name}://{address}" for name, address in self._addresses.items()],
            "listener.security.protocol.map=": [f"{name}:{how}" for name, how in _LISTENERS.items()],
        }
        lines = [
            ",".join([line, *next((told for begin, told in added.items() if line.startswith(begin)), [])])
            for line in super()._properties(node).splitlines()
        ]
        return "\n".join([*lines, *(f"{name}={value}" for name, value in more.items())]) + "\n"

    def _keystore(self) -> Path:
        """A key and a certificate for 127.0.0.1 that is its own authority, and the clients'."""
        pem = certificate_for(_AUTHORITY, self._key, _AUTHORITY, self._key).public_bytes(
            serialization.Encoding.PEM
        )
        self.authority.write_bytes(pem)
        keystore = self.folder / "keystore.pem"
        keystore.write_bytes(key_in_pem(self._key) + pem)
        return keystore


_AUTHORITY = "payguard tests"
_Key = ec.EllipticCurvePrivateKey


def certificate_for(name: str, key: _Key, by: str, by_key: _Key) -> x509.Certificate:
    """A certificate for a name and 127.0.0.1, a day old and good for another; the authority's may sign others."""
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    is_authority = name == _AUTHORITY
    return (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named(by))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.BasicConstraints(is_authority, 0 if is_authority else None), critical=True)
        .add_extension(here, critical=False)
        .sign(by_key, hashes.SHA256())
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def key_in_pem(key: _Key) -> bytes:
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
