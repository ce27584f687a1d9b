"""How the facts about HTTP functions and the host's own endpoints are brought about: mostly by nothing."""

from tests.conformance.scenes.scene import Scene

_PLAIN = (
    *("http-adm-level-fn-key", "http-adm-level-master", "http-async-exception-500", "http-catch-all"),
    *("http-catch-all-empty", "http-cors-preflight", "http-custom-verb", "http-delete-any", "http-disabled-function"),
    *("http-double-slash", "http-exception-500", "http-fn-level-bad-key-401", "http-fn-level-header-wins"),
    *("http-fn-level-host-key-code", "http-fn-level-host-key-header", "http-fn-level-master"),
    *("http-fn-level-no-key-401", "http-fn-level-system-key", "http-get-ok", "http-head-any", "http-head-on-get"),
    *("http-lowercase-method-declared", "http-no-route-case", "http-no-route-name", "http-options-any"),
    *("http-options-on-get", "http-patch-any", "http-response-headers", "http-return-204", "http-return-404"),
    *("http-return-bytes", "http-return-dict", "http-return-empty", "http-return-int", "http-return-none-annotated"),
    *("http-return-none-noanno", "http-return-str", "http-route-alpha", "http-route-alpha-bad"),
    *("http-route-default-given", "http-route-default-value", "http-route-encoded", "http-route-guid-bad"),
    *("http-route-guid-optional", "http-route-int-bad", "http-route-int-ok", "http-route-reserved-admin"),
    *("http-route-reserved-runtime", "http-sync-function-with-durable-client", "http-trailing-slash"),
    *("http-unknown-route-404", "http-without-prefix-404", "http-wrong-method-404"),
)
_ADMIN = (
    *("http-admin-function-status", "http-admin-function-status-disabled1", "http-admin-function-status-r_admin"),
    *("http-admin-function-status-r_runtime", "http-admin-function-unknown", "http-admin-functions-one"),
    *("http-admin-host-keys", "http-admin-invoke-activity", "http-admin-invoke-http", "http-admin-invoke-no-body"),
    *("http-admin-invoke-timer", "http-admin-ping", "http-admin-ping-post", "http-admin-status"),
    *(
        "http-admin-extensions",
        "http-admin-status-fn-key",
        "http-admin-status-no-key",
        "http-admin-synctriggers",
        "http-admin-systemkeys",
    ),
    "http-admin-warmup",
)

SCENES = {
    **{name: Scene() for name in (*_PLAIN, *_ADMIN)},
    "http-route-optional-missing": Scene(content='{"a":1}'),
}
