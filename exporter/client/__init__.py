"""The way to the providers: HTTP requests that are bounded in every way, and how they are signed."""

__all__ = ["http", "signing", "tls"]
