"""The providers' APIs with a story behind them: what `sms-exporter demo` shows and what tests ask."""
