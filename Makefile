# Everything that this project does, from a fresh machine: Python, make and git are enough.
SHELL := /bin/sh
VENV ?= .venv
export PYTHON
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALL := $(PIP) install -qq --constraint constraints.txt
TORCH := torch==2.13.0
N ?= 300
# A process a core, at most four, for each loads three frameworks; a file's tests stay together.
SIDE_BY_SIDE := --numprocesses auto --maxprocesses 4 --dist loadfile
RECIPE := pyproject.toml constraints.txt

.PHONY: help demo test test-fast test-pythons test-browser test-editors test-zoo vsix check bench bench-cost bench-draw bench-lsp bench-memory bench-sweep import-report claims fuzz generality generality-keras bodies slips lsp-edits verification wheel bounds bench-bounds golden format docs site clean

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.installed ## compile resnet50, run an image through it, leave all of it in build/demo
	@$(BIN)/python tools/demo.py

test: $(VENV)/.tests ## install what the tests need and run them
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) $(ARGS)

test-fast: $(VENV)/.tests ## the tests of an inner loop: no framework, nothing over a second
	$(BIN)/python -m pytest --framework-free --fast $(SIDE_BY_SIDE) $(ARGS)

test-pythons: ## run the framework-free tests on every other Python that is there
	@VENV=$(VENV) sh tools/test_pythons.sh build/pythons $(ARGS)

test-zoo: $(VENV)/.tests ## build, run, train and convert the networks that ship
	$(BIN)/python -m pytest --zoo tests/test_zoo.py tests/test_zoo_oracles.py tests/test_zoo_fingerprints.py tests/test_convert.py $(SIDE_BY_SIDE) $(ARGS)

test-browser: $(VENV)/.browser ## install Chromium and Mermaid and run the tests that need them
	CNNSPEC_MERMAID=$(VENV)/mermaid $(BIN)/python -m pytest tests_browser $(ARGS)

test-editors: $(VENV)/.tests ## install Neovim, and run the tests that need it
	sh tools/install_editors.sh
	$(BIN)/python -m pytest tests_editors $(ARGS)

vsix: ## pack the extension for Visual Studio Code: build/cnnspec.vsix
	sh tools/pack_vsix.sh build/vscode build/cnnspec.vsix

check: $(VENV)/.dev ## lint, format, types, direction of imports, pages that are generated
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/write_docs.py --check
	$(BIN)/python tools/write_gallery.py --check

# What pip installs is compiled to bytecode; what is measured in place here must be too.
bench bench-cost bench-draw bench-lsp bench-memory bench-sweep: export PYTHONDONTWRITEBYTECODE =

bench: $(VENV)/.installed ## measure speed and memory, beside the aims
	@$(BIN)/python benchmarks/bench.py

bench-draw: $(VENV)/.peers ## draw two networks beside what others draw (Graphviz must be installed)
	@$(BIN)/python benchmarks/bench_draw.py

claims: $(VENV)/.tests ## hold every word of every picture against its graph, and count them
	$(BIN)/python tools/count_claims.py

verification: $(VENV)/.tests ## verify every network that ships; writes docs/verification.md
	$(BIN)/python tools/write_verification.py

lsp-edits: $(VENV)/.tests ## replay N random edits through the language server
	$(BIN)/python -m tools.lsp_edits --count $(N) $(if $(SEED),--seed $(SEED))

fuzz: $(VENV)/.tests ## run N random networks through every backend, SEED=… to do it again
	$(BIN)/python tools/fuzz.py --count $(N) $(if $(SEED),--seed $(SEED))

slips: $(VENV)/.tests ## plant N slips of the pen in specs; print how many are told in one run
	$(BIN)/python -m tools.slips --count $(N) $(if $(SEED),--seed $(SEED))

generality-keras: $(VENV)/.tests ## call blocks' Keras functions N times as no spec does, SEED=… to do it again
	$(BIN)/python -m tools.generality_keras --count $(N) $(if $(SEED),--seed $(SEED))

generality: $(VENV)/.tests ## call blocks' PyTorch classes N times as no spec does, SEED=… to do it again
	$(BIN)/python -m tests.torch_generality --count $(N) $(if $(SEED),--seed $(SEED))

bodies: $(VENV)/.tests ## hold what PyTorch's classes of N random bodies do against graphs, SEED=… again
	$(BIN)/python -m tests.torch_bodies --count $(N) $(if $(SEED),--seed $(SEED))

bench-cost: build/peers/.installed ## compare speed and figures with other counters of operations
	@$(BIN)/python -m benchmarks.bench_cost $(ARGS)

bench-run: $(VENV)/.tests build/peers/.installed ## time emitted models beside torchvision's and keras.applications'
	@$(BIN)/python -m benchmarks.bench_run $(ARGS)

bench-memory: $(VENV)/.installed ## hold predicted memory against what torch takes
	@$(BIN)/python -m benchmarks.bench_memory

bench-sweep: $(VENV)/.installed ## count variants of a network a second, and the memory of a long sweep
	@$(BIN)/python -m benchmarks.bench_sweep $(ARGS)

bench-lsp: $(VENV)/.tests ## measure how soon the language server answers a keystroke, and its memory
	@$(BIN)/python -m benchmarks.bench_lsp $(ARGS)

import-report: $(VENV)/.tests build/imported/.installed ## import the models of torchvision, timm and Keras; print what came of it
	@PYTHONPATH=$(CURDIR):$(CURDIR)/build/imported $(BIN)/python -m tools.import_report $(ARGS)

wheel: $(VENV)/.made ## prove the wheel: built, installed away from here, used there
	$(BIN)/python tools/wheel_check.py

bounds: $(VENV)/.tests ## try N specs that ask for much, and hostile text in every slot and sink
	SPREAD=$(N) ALL=1 $(BIN)/python -m pytest tests/test_bounds.py tests/test_sinks.py $(ARGS)

bench-bounds: $(VENV)/.installed ## print what a node costs in each command, small networks beside large
	@$(BIN)/python -m benchmarks.bench_bounds $(ARGS)

golden: $(VENV)/.tests ## write the golden files anew: read their diff
	$(BIN)/python -m pytest --update-golden $(ARGS)

format: $(VENV)/.dev ## format the Python
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.installed ## write what is generated: the operators' page, the parse table
	$(BIN)/python tools/write_docs.py
	$(BIN)/python tools/write_gallery.py

site: $(VENV)/.site build/site-npm/.installed ## build the documentation site in build/site, every link checked
	@$(BIN)/python tools/build_site.py

clean: ## remove what was built, the environment too
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/.made: tools/find_python.sh
	@python=$$(sh tools/find_python.sh) && echo "making $(VENV) with $$python" \
	&& "$$python" -m venv --clear $(VENV) && touch $@

# torch comes first and by its exact version: a bare range would take another build of it.
$(VENV)/.installed: $(VENV)/.made $(RECIPE)
	@echo "installing $(TORCH) (this is the long part, once)" && $(INSTALL) $(TORCH)
	@echo "installing cnnspec" && $(INSTALL) --editable '.[torch]'
	@touch $@

$(VENV)/.tests: $(VENV)/.installed tests/plugins/cnnspec-sample/pyproject.toml
	@echo "installing what tests need" && $(INSTALL) --editable '.[test]'
	@$(INSTALL) --editable tests/plugins/cnnspec-sample
	@touch $@

$(VENV)/.browser: $(VENV)/.tests tools/install_browser.sh
	@sh tools/install_browser.sh $(VENV)/mermaid
	@$(INSTALL) --editable '.[browser]'
	@touch $@

build/site-npm/.installed:
	@npm install --silent --no-audit --no-fund --prefix build/site-npm iframe-worker@1.0.4
	@touch $@

$(VENV)/.site: $(VENV)/.installed
	@echo "installing what the site is built with" && $(INSTALL) --editable '.[site]'
	@touch $@

# The peers stand apart: nothing of cnnspec needs them.
$(VENV)/.peers: $(VENV)/.tests
	@echo "installing what others draw with" && $(INSTALL) --editable '.[torch,keras]'
	@$(PIP) install -qq --no-deps --target $(VENV)/peers torchview==0.2.7 pydot==4.0.1 pyparsing==3.2.5
	@touch $@

$(VENV)/.dev: $(VENV)/.tests
	@echo "installing what checks need" && $(INSTALL) --editable '.[dev]'
	@touch $@

# Their models are Python that runs beside any torch: no compiled part of theirs is needed.
build/imported/.installed: $(VENV)/.installed
	@echo "installing the models of others into build/imported"
	@$(PIP) install -qq --no-deps --upgrade --target build/imported torchvision timm pillow
	@touch $@

# Beside the environment, not in it: none of them may bring a torch of its own.
build/peers/.installed: $(VENV)/.installed benchmarks/peers.txt
	@echo "installing peers into build/peers"
	@$(PIP) install -qq --no-deps --upgrade --target build/peers --requirement benchmarks/peers.txt
	@touch $@
