"""Long runs and measurements; each is a program: `python -m benchmarks.NAME`."""
