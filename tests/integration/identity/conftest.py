"""What stands in for Azure's identities on one machine: an Azurite that takes tokens over HTTPS alone, with a
certificate of the test's own, and the token endpoint that App Service gives an app.
"""

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ROOT = Path(__file__).parents[3]
AZURITE = ROOT / "local" / "node_modules" / ".bin" / "azurite"
ACCOUNT = "devstoreaccount1"
CLIENT_ID = "22222222-3333-4444-5555-666666666666"
_UP_WITHIN_S = 60


@dataclass(frozen=True)
class Certificate:
    """A certificate for 127.0.0.1 that signs itself, and its key, as files."""

    certificate: Path
    key: Path


@dataclass
class TokenEndpoint:
    """The address and secret header App Service gives an app, and the questions it was asked there."""

    address: str
    secret: str
    asked: list[dict[str, str]] = field(default_factory=list[dict[str, str]])


@dataclass(frozen=True)
class SecureStorage:
    """The addresses of an Azurite that takes tokens, over HTTPS."""

    blob: str
    table: str


@dataclass(frozen=True)
class AppProcess:
    """Runs programs that stand where the deployed app would: an identity, an account's name, and no key."""

    environment: dict[str, str]

    def run(self, program: str) -> subprocess.CompletedProcess[str]:
        """Run a Python program to its end."""
        return subprocess.run(  # noqa: S603 - our own interpreter on our own words
            [sys.executable, "-c", program], cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
        )


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Made for this session, and trusted by nobody else."""
    folder = tmp_path_factory.mktemp("certificate")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = Certificate(folder / "certificate.pem", folder / "key.pem")
    files.certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


@pytest.fixture
def token_endpoint() -> Iterator[TokenEndpoint]:
    """Answers as App Service's local token endpoint does; Azurite reads the tokens' claims, not their signature."""
    endpoint = TokenEndpoint("", "the-header-of-this-instance")

    class Tokens(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            endpoint.asked.append(query)
            allowed = self.headers.get("X-IDENTITY-HEADER") == endpoint.secret and query.get("client_id") == CLIENT_ID
            answer = json.dumps(_token(query.get("resource", "")) if allowed else {"error": "refused"}).encode()
            self.send_response(200 if allowed else 400)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Tokens)
    endpoint.address = f"http://127.0.0.1:{server.server_address[1]}/msi/token"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield endpoint
    server.shutdown()


def _token(resource: str) -> dict[str, Any]:
    now = int(time.time())
    claims = {
        "aud": resource,
        "iss": "https://sts.windows.net/33333333-4444-5555-6666-777777777777/",
        "iat": now,
        "nbf": now - 60,
        "exp": now + 3600,
        "oid": "44444444-5555-6666-7777-888888888888",
        "tid": "33333333-4444-5555-6666-777777777777",
    }
    signed = jwt.encode(claims, "nobody checks this signature, Azurite least of all", algorithm="HS256")
    return {"access_token": signed, "expires_on": str(now + 3600), "resource": resource, "token_type": "Bearer"}


@pytest.fixture
def secure_storage(certificate: Certificate, tmp_path: Path) -> Iterator[SecureStorage]:
    """An Azurite that speaks HTTPS alone and takes tokens."""
    if not AZURITE.exists():
        pytest.fail(f"{AZURITE} is not there; `npm ci` in local/ installs Azurite")
    services = [
        part for name in ("blob", "queue", "table") for part in (f"--{name}Host", "127.0.0.1", f"--{name}Port", "0")
    ]
    process = subprocess.Popen(  # noqa: S603 - the program is the one this repository pins
        [AZURITE, "--silent", "--skipApiVersionCheck", "--disableTelemetry", "--location", tmp_path, *services,
         "--oauth", "basic", "--cert", certificate.certificate, "--key", certificate.key],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    watchdog = threading.Timer(_UP_WITHIN_S, process.kill)
    watchdog.start()
    assert process.stdout
    addresses: dict[str, str] = {}
    for line in process.stdout:
        if found := re.search(r"Azurite (\w+) service is successfully listening at (https://\S+)", line):
            addresses[found[1]] = f"{found[2]}/{ACCOUNT}"
        if len(addresses) == 3:
            break
    watchdog.cancel()
    try:
        assert len(addresses) == 3, f"Azurite came up only with {addresses}"
        yield SecureStorage(addresses["Blob"], addresses["Table"])
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture
def app_process(certificate: Certificate, token_endpoint: TokenEndpoint) -> AppProcess:
    """The environment of a deployed app (identity, account's name, no key), and trust in the test's certificate."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("STORAGE_", "AZURE_"))}
    return AppProcess(
        inherited
        | {
            "STORAGE_ACCOUNT_NAME": ACCOUNT,
            "AZURE_CLIENT_ID": CLIENT_ID,
            "IDENTITY_ENDPOINT": token_endpoint.address,
            "IDENTITY_HEADER": token_endpoint.secret,
            "SSL_CERT_FILE": str(certificate.certificate),
            "REQUESTS_CA_BUNDLE": str(certificate.certificate),
        }
    )
