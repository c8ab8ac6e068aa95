"""A certificate authority for a run, and a certificate of it for this machine's own address."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import botocore
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

_BUNDLE = "bundle.pem"
_AUTHORITY = "authority.pem"
_VALID = timedelta(days=1)


def make(folder: Path) -> tuple[Path, Path]:
    """Write what a server on 127.0.0.1 and its clients need.

    Args:
        folder: where to.

    Returns:
        The server's chain with its private key, and the bundle that clients trust: the SDK's own
        with the new authority behind it, because to load a bundle takes time.
    """
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bench authority")])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    identifier = x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key())
    authority = (
        _begun(issuer, issuer, authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(identifier, critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    own = (
        _begun(issuer, subject, key.public_key())
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier),
            critical=False,
        )
        .sign(authority_key, hashes.SHA256())
    )
    chain, bundle = folder / "chain.pem", folder / _BUNDLE
    chain.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + own.public_bytes(Encoding.PEM)
    )
    (folder / _AUTHORITY).write_bytes(authority.public_bytes(Encoding.PEM))
    return chain, _with_authority(Path(botocore.__file__).with_name("cacert.pem"), bundle)


def bundle_of(package: Sequence[Path], bundle: Path) -> Path:
    """Write what a package's SDK trusts by itself, with the authority of a run behind it.

    Args:
        package: its folders.
        bundle: as `make` returned it; it is written beside that, and taken where there is no SDK.

    Returns:
        The file.
    """
    # As the SDK looks for it.
    for name in ("certifi", "botocore"):
        for folder in package:
            own = folder / name / "cacert.pem"
            if own.exists():
                return _with_authority(own, bundle.with_name(f"{folder.name}.pem"))
    return bundle


def _with_authority(trusted: Path, target: Path) -> Path:
    target.write_bytes(trusted.read_bytes() + target.with_name(_AUTHORITY).read_bytes())
    return target


def _begun(
    issuer: x509.Name, subject: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _VALID)
        .not_valid_after(now + _VALID)
    )
