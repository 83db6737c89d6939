"""The exporter's own port: its routes, the page, and what guards them."""

__all__ = ["discovery", "guard", "routes", "server"]
