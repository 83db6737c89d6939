"""The way to the providers: guarded connections, requests that are bounded in every way, and how they are signed."""

__all__ = ["addresses", "http", "signatures", "signing", "tls"]
