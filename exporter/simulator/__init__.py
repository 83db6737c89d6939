"""The providers' APIs on simulated accounts: what `sms-exporter demo` shows and what tests ask."""

__all__ = ["clock", "configuration", "hosting", "scenario", "server", "summary"]
