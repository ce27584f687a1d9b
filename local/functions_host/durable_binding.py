"""The durable client binding and the management links: where the SDK finds the durable extension (functions-host.md,
5.1).
"""

import json
from dataclasses import dataclass
from urllib.parse import quote

_PLACEHOLDER = "INSTANCEID"
_LINKS = {
    "statusQueryGetUri": "",
    "sendEventPostUri": "/raiseEvent/{eventName}",
    "terminatePostUri": "/terminate?reason={text}",
    "rewindPostUri": "/rewind?reason={text}",
    "purgeHistoryDeleteUri": "",
    "restartPostUri": "/restart",
    "suspendPostUri": "/suspend?reason={text}",
    "resumePostUri": "/resume?reason={text}",
}
CONNECTION = "Storage"
WEBHOOK_PATH = "/runtime/webhooks/durabletask"
RPC_PATH = "/durabletask"


@dataclass(frozen=True, slots=True)
class DurableLinks:
    """Addresses of one host: the public one, the loopback one for the SDK, and the key that opens the first."""

    hub_name: str
    public_origin: str
    rpc_origin: str
    code: str

    def management(self, origin: str, instance_id: str, *, with_rewind: bool = True) -> dict[str, str]:
        """The management links of one instance; only those of the binding say how to rewind it."""
        own = f"taskHub={self.hub_name}&connection={CONNECTION}&code={self.code}"
        segment = quote(instance_id, safe="")
        links = {"id": instance_id}
        for name, tail in _LINKS.items():
            if name != "rewindPostUri" or with_rewind:
                url = f"{origin}{WEBHOOK_PATH}/instances/{segment}{tail}"
                links[name] = f"{url}{'&' if '?' in tail else '?'}{own}"
        return links

    def binding(self) -> str:
        """The JSON text that a durable client parameter is given."""
        base = f"{self.public_origin}{WEBHOOK_PATH}"
        start = f"{base}/orchestrators/{{functionName}}[/{{instanceId}}]"
        return json.dumps(
            {
                "taskHubName": self.hub_name,
                "connectionName": None,
                "creationUrls": {
                    "createNewInstancePostUri": f"{start}?code={self.code}",
                    "createAndWaitOnNewInstancePostUri": (
                        f"{start}?timeout={{timeoutInSeconds}}&pollingInterval={{intervalInSeconds}}&code={self.code}"
                    ),
                },
                "managementUrls": self.management(self.public_origin, _PLACEHOLDER),
                "baseUrl": base,
                "requiredQueryStringParameters": f"code={self.code}",
                "rpcBaseUrl": f"{self.rpc_origin}{RPC_PATH}/",
                "httpBaseUrl": None,
                "maxGrpcMessageSizeInBytes": None,
                "grpcHttpClientTimeout": None,
            }
        )
