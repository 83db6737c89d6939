"""The command line: commands and flags."""
