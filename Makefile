# Lastbook from a checkout: an environment of its own in .venv, then the demo, the checks and the benchmarks.
# Every path is relative, so the checkout may lie in a folder of any name.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test lint bench lock browser .venv
MAKEFLAGS += --no-print-directory
BIN := .venv/bin
BOOTSTRAP := infra/bootstrap
export PYTHON CHROMIUM

help: ## say what can be made
	@echo 'make demo              everything set up, two sample shops, a demo shop in the browser'
	@echo 'make demo CHECK=1      the same, asks for some recommendations, and ends'
	@echo 'make test              all that the tests need, then the checks and all tests'
	@echo 'make lint              style, types and import directions only'
	@echo 'make bench NAME=…      one benchmark (serving, ingest, import, training, quality, memory, configure, preorder, replenishment, widget, slots, lighthouse); one JSON line last'
	@echo 'make lock              requirements.lock anew from pyproject.toml'

demo: .venv/installed
	@$(BIN)/lastbook-server demo $(if $(filter 1,$(CHECK)),--check)

test: .venv/installed browser lint
	@CHROMIUM="$$(sh $(BOOTSTRAP)/browser.sh)" $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal

lint: .venv/installed
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: .venv/installed
	@test -n '$(NAME)' || { echo 'Say which one: make bench NAME=serving' >&2; exit 2; }
	@$(BIN)/python -m tests.benchmarks $(NAME) --json

lock: .venv/installed
	@$(BIN)/uv pip compile pyproject.toml $(BOOTSTRAP)/build.txt --extra demo --extra dev --universal --upgrade \
		--generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links --quiet \
		-o requirements.lock

browser:
	@sh $(BOOTSTRAP)/browser.sh >/dev/null

.venv: .venv/installed

.venv/installed: requirements.lock pyproject.toml $(BOOTSTRAP)/environment.sh $(BOOTSTRAP)/install.py
	@sh $(BOOTSTRAP)/environment.sh
	@touch $@
