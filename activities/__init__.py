"""One side effect each, idempotent. They return result objects and do not raise for expected ends."""
