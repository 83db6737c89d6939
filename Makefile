# demo   runs the exporter on simulated accounts
# test   everything, set-up included
# stack  simulator, exporter, Prometheus with the rules, and Alertmanager, all real
# bench  speed beside what else does the same work; figures are in docs/performance.md
# soak   10,000 scrapes with injected faults switching at random
# check  format, lint, types, order of the rooms, and the fast tests
# Works without uv: it is then installed into a virtual environment of its own.

SHELL := /bin/sh
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
RUN := $(UV) run --locked

.PHONY: demo stack test check bench soak format golden packages clean

demo: $(UV)
	$(RUN) --no-dev sms-exporter demo $(FLAGS)

test: packages
	$(RUN) pytest --cov --cov-report=term $(FLAGS)

check: $(UV)
	$(RUN) ruff format --check
	$(RUN) ruff check
	$(RUN) mypy
	$(RUN) lint-imports --no-cache
	$(RUN) hadolint Dockerfile
	$(RUN) pytest -q -m "not end_to_end" $(FLAGS)

stack: packages
	$(RUN) python alerts/stack.py $(FLAGS)

bench: $(UV)
	$(RUN) python -m benchmarks $(FLAGS)

soak: $(UV)
	$(RUN) python -m benchmarks.soak --scrapes 10000 $(FLAGS)

# What the tests need beside Python: Prometheus with promtool, from the distribution's packages.
packages: $(UV)
	@sh tests/install-packages

format: $(UV)
	$(RUN) ruff check --fix
	$(RUN) ruff format

# Writes the golden files anew; look at their diff.
golden: $(UV)
	$(RUN) python alerts/build.py
	$(RUN) pytest -q --update-golden -m "not end_to_end" tests

.uv/bin/uv:
	@python3 -m venv .uv 2>/dev/null || { apt-get update -qq && apt-get install -y -qq python3-venv; python3 -m venv .uv; }
	@.uv/bin/pip install -q --disable-pip-version-check uv

/%/uv:
	@true

clean:
	rm -rf .venv .uv .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache dist
