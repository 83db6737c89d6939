"""The accounts of a configuration: their resources, the hold of a refused key, and what a scrape gets to know."""

__all__ = ["account", "observation", "registry", "resource", "scrape", "service", "spending"]
