# Everything runs in .venv, which the first target makes. Another Python: make PYTHON=python3.12 …
# Another build of torch, by what follows the + in its version: make TORCH=cpu …
BIN := .venv/bin
READY := .venv/.installed
TESTS := .venv/.tests
DOCS := .venv/.docs
ARGS ?=
.DEFAULT_GOAL := help
.PHONY: help install demo test test-all check tables figures docs format named-torch

help: ## what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(READY) ## set everything up: .venv, and software OpenGL where it is missing
	@echo 'Ready: $(BIN)/crossgap --help'

$(READY): pyproject.toml constraints.txt $(if $(TORCH),named-torch)
	@scripts/setup.sh

demo: $(READY) ## cross the gap and write the report (10 minutes on 2 cores); options: make demo ARGS="--help"
	@$(BIN)/crossgap demo $(ARGS)

$(TESTS): $(READY)
	@scripts/setup_tests.sh

test: $(TESTS) ## the tests a change must pass; one file: make test ARGS=tests/test_losses.py
	@$(BIN)/python -m pytest -m "not slow" -n auto --maxprocesses 4 --dist loadfile $(ARGS)

test-all: $(TESTS) ## these and the slow ones
	@$(BIN)/python -m pytest $(ARGS)

check: $(READY) ## lint, formatting, types
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/pyright

format: $(READY) ## let ruff format and mend what it can
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

tables: $(READY) ## write the tables of README and docs anew from results/
	@$(BIN)/python -m crossgap.experiments.engine.tables

figures: $(READY) ## draw every plot in results/ anew from its JSON; nothing is trained
	@$(BIN)/python -m crossgap.experiments.engine.figures

$(DOCS): $(READY)
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[docs]'
	@touch $@

docs: $(DOCS) ## the docs site: site/index.html, of the Markdown in docs/ and the docstrings
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict $(ARGS)
	@echo 'Read: site/index.html'
