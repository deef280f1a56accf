"""A certificate authority for one bench: servers with names, clients, and certificates that have expired."""

import dataclasses
import datetime
import ipaddress
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)


@dataclasses.dataclass(frozen=True)
class Identity:
    """A certificate, its key and the authority that vouches for it, as PEM text."""

    cert: str
    key: str
    ca: str

    def write(self, folder: pathlib.Path, name: str = "tls") -> "IdentityFiles":
        paths = IdentityFiles(folder / f"{name}.crt", folder / f"{name}.key", folder / f"{name}-ca.crt")
        paths.key.touch(mode=0o600)
        for path, text in ((paths.cert, self.cert), (paths.key, self.key), (paths.ca, self.ca)):
            path.write_text(text)
        return paths

    def secret_data(self) -> dict[str, str]:
        """The keys of a kubernetes.io/tls Secret, with the CA beside them."""
        return {"tls.crt": self.cert, "tls.key": self.key, "ca.crt": self.ca}


@dataclasses.dataclass(frozen=True)
class IdentityFiles:
    cert: pathlib.Path
    key: pathlib.Path
    ca: pathlib.Path


class Authority:
    """A self-signed root on P-256. `lasting` is how far on either side of now it is valid, and what it issues by default."""

    def __init__(self, name: str = "planekeeper bench CA", lasting: datetime.timedelta | None = None) -> None:
        self._lasting = lasting
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = _now()
        usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
        self._cert = (
            x509.CertificateBuilder()
            .subject_name(self._name)
            .issuer_name(self._name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - (lasting or DAY))
            .not_valid_after(now + (lasting or 365 * DAY))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        self.cert = _pem(self._cert)

    def server(self, *names: str, expires_in: datetime.timedelta | None = None) -> Identity:
        """A server certificate for DNS names and addresses. A negative `expires_in` has expired already."""
        return self._issue(names[0], (), names, expires_in, ExtendedKeyUsageOID.SERVER_AUTH)

    def client(self, user: str, *groups: str, expires_in: datetime.timedelta | None = None) -> Identity:
        """A client certificate. Kubernetes reads the user from CN and the groups from O."""
        return self._issue(user, groups, (), expires_in, ExtendedKeyUsageOID.CLIENT_AUTH)

    def _issue(self, common_name, organizations, names, expires_in, usage) -> Identity:
        key = ec.generate_private_key(ec.SECP256R1())
        now = _now()
        ends = expires_in if expires_in is not None else self._lasting or 90 * DAY
        begins = self._lasting if self._lasting and expires_in is None else 2 * DAY - min(ends, datetime.timedelta())
        attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, name) for name in organizations]
        attributes.append(x509.NameAttribute(NameOID.COMMON_NAME, common_name))
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name(attributes))
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - begins)
            .not_valid_after(now + ends)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([_san(n) for n in names]), critical=False)
        return Identity(_pem(builder.sign(self._key, hashes.SHA256())), private_pem(key), self.cert)


def private_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def public_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _san(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(cert: x509.Certificate) -> str:
    return cert.public_bytes(serialization.Encoding.PEM).decode()


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)
