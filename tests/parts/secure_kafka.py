"""Apache Kafka as in production: users with passwords over TLS, and no right that was not given."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Iterable
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from benchmarks.real_parts import KafkaCluster
from services.embedded import free_port

_RESOURCES = {"topic": 2, "group": 3}
_OPERATIONS = {"Read": 3, "Write": 4, "Create": 5, "Describe": 8}
_LITERAL, _ALLOW = 3, 3
_PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
#: A resource's kind and name, and what may be done with it.
Right = tuple[str, str, Iterable[str]]


class SecureKafka(KafkaCluster):
    """Beside the plain listener, whose users may do everything, one with SASL_SSL at `secure`; `password` tells the users'."""

    def __init__(self, folder: Path, users: Iterable[str]) -> None:
        super().__init__(folder, heap="384m")
        self.users = sorted(users)
        self.secure = f"127.0.0.1:{free_port()}"
        self.authority = folder / "authority.pem"

    @staticmethod
    def password(user: str) -> str:
        """A user's password."""
        return f"word-of-{user}"

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

    def _properties(self, node: int) -> str:
        keystore = self._keystore()
        users = " ".join(f'user_{user}="{self.password(user)}"' for user in self.users)
        more = {
            "super.users": "User:ANONYMOUS",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "allow.everyone.if.no.acl.found": "false",
            "listener.name.secure.sasl.enabled.mechanisms": "PLAIN",
            "listener.name.secure.plain.sasl.jaas.config": f"{_PLAIN} required {users};",
            "listener.name.secure.ssl.keystore.type": "PEM",
            "listener.name.secure.ssl.keystore.location": keystore.resolve(),
        }
        plain = super()._properties(node)
        listener = f"SECURE://{self.secure}"
        lines = [
            f"{line},{listener}"
            if line.startswith(("listeners=", "advertised.listeners="))
            else f"{line},SECURE:SASL_SSL"
            if line.startswith("listener.security.protocol.map=")
            else line
            for line in plain.splitlines()
        ]
        return "\n".join([*lines, *(f"{name}={value}" for name, value in more.items())]) + "\n"

    def _keystore(self) -> Path:
        """A key and a certificate for 127.0.0.1 that is its own authority."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "payguard tests")])
        now = datetime.datetime.now(datetime.UTC)
        day = datetime.timedelta(days=1)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - day)
            .not_valid_after(now + day)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
                critical=False,
            )
            .sign(key, hashes.SHA256())
        )
        pem = certificate.public_bytes(serialization.Encoding.PEM)
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self.authority.write_bytes(pem)
        keystore = self.folder / "keystore.pem"
        keystore.write_bytes(secret + pem)
        return keystore
