"""The providers' APIs on simulated accounts: what `sms-exporter demo` shows and what tests ask."""

__all__ = ["account", "clock", "configuration", "hosting", "made", "scenario", "server", "summary"]
