# demo   runs the exporter on simulated accounts
# test   everything, set-up included: first on every core, then one after another what must not be disturbed
# stack  simulator, exporter, Prometheus with the rules, and Alertmanager, all real
# bench  speed beside a bare protocol and what else does the same work; figures are in docs/performance.md
# soak   10,000 scrapes with injected faults switching at random, then as many over TLS with resets
# check  format, lint, types, order of the rooms, and the fast tests, on every core
# golden writes the golden files and the generated pages anew: look at their diff
# pictures  takes docs/page.png anew, of the demo's page in Chromium: look at it
# Works without uv: it is then installed into a virtual environment of its own.

SHELL := /bin/sh
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
RUN := $(UV) run --locked
PARALLEL := -n auto --dist worksteal

# Where bytecode may not be kept (as in many containers), every process that a test starts compiles all that it imports.
unexport PYTHONDONTWRITEBYTECODE

# A proxy that opens TLS has its authority in the system's store, where uv doesn't look by itself.
export UV_SYSTEM_CERTS := 1

# uv may be silent for long where all has to come over the network; the command that it installs last tells.
SAY_FIRST = @test -x .venv/bin/$(1) || echo "First uv installs what uv.lock names into .venv, which takes a minute." >&2

.PHONY: demo stack test check bench soak format golden pictures packages clean

demo: $(UV)
	$(call SAY_FIRST,sms-exporter)
	$(RUN) --no-dev sms-exporter demo $(FLAGS)

# 5 is pytest's word for no test at all: FLAGS may choose some of one half alone.
test: packages
	$(call SAY_FIRST,pytest)
	@echo "All tests, first those that run on every core: ten to twenty minutes." >&2
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

pictures: packages
	$(RUN) python -m docs.pictures

# Under another name until it is whole: an interrupt leaves nothing half done that counts as there.
.uv/bin/uv:
	@echo "There is no uv here: it is installed into .uv, which takes a minute." >&2
	@rm -rf .uv .uv.new
	@python3 -m venv .uv.new 2>/dev/null || { apt-get update -qq && apt-get install -y -qq python3-venv; python3 -m venv .uv.new; }
	@PIP_CERT=$${PIP_CERT:-$$(python3 -c 'import ssl; print(ssl.get_default_verify_paths().cafile or "")')} \
	    .uv.new/bin/pip install -q --disable-pip-version-check uv
	@mv .uv.new .uv

/%/uv:
	@true

clean:
	rm -rf .venv .uv .uv.new .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache dist
