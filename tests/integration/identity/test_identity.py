"""Rules of the way production proves who it is: tokens of the app's identity, links signed with a delegation key.

Only the host names differ from Azure's: `shared.storage` builds those of the public cloud, and each program here points
them at Azurite.
"""

import json
import ssl
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest

from tests.integration.identity.conftest import CLIENT_ID, AppProcess, Certificate, SecureStorage, TokenEndpoint

_PROGRAM = """
import asyncio, json
from shared import links, storage
from shared.config import settings

storage._Account.endpoint = lambda self, service: {{"blob": {blob!r}, "table": {table!r}}}[service]

async def main():
    table = await storage.table()
    await table.upsert_entity({{"PartitionKey": "p", "RowKey": "r", "word": "boat"}})
    row = await table.get_entity("p", "r")
    blobs = await storage.blob_service()
    await blobs.get_blob_client(storage.CONTAINER_NAME, "a/b.mp4").upload_blob(b"a film", overwrite=True)
    read = await asyncio.to_thread(lambda: storage.sync_blob("a/b.mp4").download_blob().readall())
    first = await links.sign("a/b.mp4", download_name="Möwe.mp4", content_type="video/mp4", ttl_s=60)
    second = await links.sign("a/b.mp4", download_name="b.mp4", content_type="video/mp4", ttl_s=60)
    token = await storage.credential().get_token(settings().token_scope)
    await storage.close()
    print(json.dumps({{"word": row["word"], "read": read.decode(), "urls": [first.url, second.url],
                       "token": bool(token.token)}}))

asyncio.run(main())
"""


@pytest.fixture(name="program")
def _program(secure_storage: SecureStorage) -> str:
    return _PROGRAM.format(blob=secure_storage.blob, table=secure_storage.table)


def test_identity_reads_writes_and_links(
    program: str, app_process: AppProcess, certificate: Certificate, token_endpoint: TokenEndpoint
) -> None:
    """With an identity and no key the app writes rows and blobs, and hands out links that open one blob for reading."""
    done = app_process.run(program)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["word"], told["read"], told["token"]) == ("boat", "a film", True)

    trust = ssl.create_default_context(cafile=str(certificate.certificate))
    for url in told["urls"]:
        with urlopen(url, context=trust) as answer:  # noqa: S310 - an https address that the program made
            assert answer.read() == b"a film"
            assert answer.headers["content-type"] == "video/mp4"
        query = parse_qs(urlsplit(url).query)
        assert {"skoid", "sktid", "ske"} <= query.keys(), "not signed with a user delegation key"
        assert (query["sp"], query["sr"], query["spr"]) == (["r"], ["b"], ["https"])
        with pytest.raises(HTTPError) as refused:
            urlopen(url.replace("b.mp4?", "c.mp4?"), context=trust)  # noqa: S310 - as above
        assert refused.value.code == 403

    resources = {question["resource"] for question in token_endpoint.asked}
    assert resources == {"https://storage.azure.com", "https://ai.azure.com"}
    assert {question["client_id"] for question in token_endpoint.asked} == {CLIENT_ID}


def test_refused_identity_is_an_error(program: str, app_process: AppProcess, token_endpoint: TokenEndpoint) -> None:
    """Where the platform gives no token nothing is written, and the error says that it is about the identity."""
    token_endpoint.secret = "another instance's"  # noqa: S105 - it guards a server of this test
    done = app_process.run(program)
    assert done.returncode != 0
    assert "DefaultAzureCredential" in done.stderr
