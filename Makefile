# demo   runs the exporter on simulated accounts
# test   everything, set-up included: first on every core, then one after another what must not be disturbed
# stack  simulator, exporter, Prometheus with the rules, and Alertmanager, all real
# bench  speed beside a bare protocol and what else does the same work; figures are in docs/performance.md
# soak   10,000 scrapes with injected faults switching at random, then as many over TLS with resets
# check  format, lint, types, order of the rooms, and the fast tests, on every core
# golden writes the golden files and the generated pages anew: look at their diff
# Works without uv: it is then installed into a virtual environment of its own.

SHELL := /bin/sh
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
RUN := $(UV) run --locked
PARALLEL := -n auto --dist worksteal

# Where bytecode may not be kept (as in many containers), every process that a test starts compiles all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo stack test check bench soak format golden packages clean

demo: $(UV)
	$(RUN) --no-dev sms-exporter demo $(FLAGS)

# 5 is pytest's word for no test at all: FLAGS may choose some of one half alone.
test: packages
	$(RUN) pytest $(PARALLEL) -m "not end_to_end" --cov --cov-report= $(FLAGS) || test $$? -eq 5
	$(RUN) pytest -m end_to_end --cov --cov-append --cov-report=term $(FLAGS) || test $$? -eq 5

check: $(UV)
	$(RUN) ruff format --check
	$(RUN) ruff check
	$(RUN) mypy
	$(RUN) lint-imports --no-cache
	$(RUN) hadolint Dockerfile
	$(RUN) pytest -q $(PARALLEL) -m "not end_to_end and not rules" $(FLAGS)

stack: packages
	$(RUN) python alerts/stack.py $(FLAGS)

bench: $(UV)
	$(RUN) python -m benchmarks $(FLAGS)

soak: $(UV)
	$(RUN) python -m benchmarks.soak --scrapes 10000 $(FLAGS)
	$(RUN) python -m benchmarks.soak --scrapes 10000 --tls $(FLAGS)

# What the tests need beside Python: Prometheus with promtool, from the distribution's packages.
packages: $(UV)
	@sh tests/install-packages

format: $(UV)
	$(RUN) ruff check --fix
	$(RUN) ruff format

golden: $(UV)
	$(RUN) python -m tests.golden

.uv/bin/uv:
	@python3 -m venv .uv 2>/dev/null || { apt-get update -qq && apt-get install -y -qq python3-venv; python3 -m venv .uv; }
	@.uv/bin/pip install -q --disable-pip-version-check uv

/%/uv:
	@true

clean:
	rm -rf .venv .uv .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache dist
