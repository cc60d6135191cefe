# make run: serve. make test: run all tests. Needs only Python 3.11 or newer; `make run PYTHON=python3.13` selects one.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test check schema migration bench test-scale clean

run: .venv/ready
	$(BIN)/graphql-app serve $(ARGS)

test: .venv/ready
	$(BIN)/pytest --numprocesses 4 --dist worksteal $(ARGS)

check: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

schema: .venv/ready
	$(BIN)/graphql-app schema schema.graphql

# make migration m="what it changes": write the migration from the last one to the models. Review it before you commit it.
migration: .venv/ready
	$(BIN)/graphql-app migrate --write "$(m)"
	$(BIN)/ruff check -q --fix graphql_app/migrations

.venv/ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is required: make run PYTHON=python3.13")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

# Comparison with other servers in one run: takes 15 minutes and needs an otherwise idle machine. See benchmarks/README.md.
bench: .venv/ready
	$(BIN)/python -m benchmarks $(ARGS)

# Query plans of every filter and order at 2,000,000 shipments. Creates the database first, which takes 15 minutes.
test-scale: .venv/ready
	$(BIN)/pytest benchmarks/test_scale.py $(ARGS)

clean:
	rm -rf .venv dist build .mypy_cache .pytest_cache .ruff_cache
