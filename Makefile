# All set-up happens by itself: `make demo` and `make test` work on a bare machine that has
# Python 3.11 or later. `make help` lists the rest.

PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3 python; do \
	$$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
	2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
READY := .venv/ready
ON_SCREEN := scripts/with-display

# On Linux plain PyPI has the torch of several GB for NVIDIA GPUs: without one, take the small one.
TORCH_INDEX := $(shell [ "$$(uname -s)" = Linux ] && ! command -v nvidia-smi >/dev/null && \
	echo --retries 1 --extra-index-url https://download.pytorch.org/whl/cpu)

# Each does whole files and, where screens are virtual, has a screen and a keyboard of its own.
TWO_PROCESSES := --tx "2*popen//python=$(ON_SCREEN) $(BIN)/python" --dist loadfile \
	--no-loadscope-reorder

# Threads that wait sleep instead of spinning: much faster where the machine is busy.
demo test check docs quality linear study calibration fuzz chaos monkey screenshots: export OMP_WAIT_POLICY := PASSIVE

# Two processes with two threads each would wait for each other on two cores, in Mesa, too.
test check: export OPENBLAS_NUM_THREADS := 1
test check: export LP_NUM_THREADS := 0

# What is compiled is kept: napari's modules for pytest, and ours for the commands that tests start.
test check: export PYTHONDONTWRITEBYTECODE :=

.PHONY: help demo test check docs wheel-test bench quality linear study calibration fuzz chaos monkey screenshots clean
.DEFAULT_GOAL := help

help: ## say what each of these does
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 20

demo: $(READY) ## do the main job on the sample; show it, and write it to demo-output/
	$(ON_SCREEN) $(BIN)/compressed-transcriptomics demo --out demo-output

test: $(READY) ## run the tests
	$(ON_SCREEN) true
	$(BIN)/python -m pytest $(TWO_PROCESSES)

check: $(READY) ## run the tests, the linter, the formatter and the type checker
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(ON_SCREEN) true
	$(BIN)/python -m pytest $(TWO_PROCESSES)

docs: $(READY) ## run the tutorials and build the documentation site into build/site/ (minutes)
	$(PIP) install --quiet -c constraints.txt --group docs
	$(ON_SCREEN) $(BIN)/python scripts/tutorials.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	$(BIN)/codespell README.md CONTRIBUTING.md CHANGELOG.md SECURITY.md docs benchmarks src scripts

fuzz: $(READY) ## give readers N damaged and hostile files (make fuzz N=100000; default 20000)
	$(BIN)/python -m tests.fuzz $(or $(N),20000)

wheel-test: $(READY) ## build the wheel and use it in a fresh environment of each Python found (REAL=folder: five steps, too)
	$(PIP) install --quiet -c constraints.txt build
	rm -rf dist && $(BIN)/python -m build --outdir dist .
	$(ON_SCREEN) $(BIN)/python scripts/wheel_test.py --wheels dist --constraint constraints.txt $(TORCH_INDEX) $(if $(REAL),--real $(REAL))

bench: $(READY) ## measure speed and memory (minutes; FULL=1: of a whole brain of 14 GB, an hour or more)
	$(PIP) install --quiet -c constraints.txt -r benchmarks/requirements.txt
	$(ON_SCREEN) $(BIN)/python -W ignore -m benchmarks$(if $(FULL),.whole_brain --stores $(or $(STORES),build/whole-brain) $(if $(MAPS),--maps $(MAPS)))

quality: $(READY) ## measure all methods on samples left out (an hour or more; real data needed)
	$(BIN)/python -m benchmarks.quality

linear: $(READY) ## compare the default codec with PCA on few linear-Gaussian samples (10 minutes)
	$(BIN)/python -m benchmarks.linear

study: $(READY) ## test the published claims on real data (hours; resumes where it was interrupted)
	$(BIN)/python -W ignore -m benchmarks.study

calibration: $(READY) ## count the false positives of every p-value (20 minutes; real data needed)
	$(BIN)/python -W ignore -m benchmarks.calibration

chaos: $(READY) ## kill, starve and cut off every command at N random moments (default 100)
	$(BIN)/python -m tests.chaos $(or $(N),100) --seed $(or $(SEED),0)

monkey: $(READY) ## play at random in the window, SECONDS on each sample (default 120)
	$(ON_SCREEN) $(BIN)/python -m tests.monkey --seconds $(or $(SECONDS),120) --seed $(or $(SEED),0)

screenshots: $(READY) ## make the pictures of the README and the site anew
	$(ON_SCREEN) $(BIN)/python scripts/screenshots.py docs/images

clean: ## remove the environment and everything that was made here
	rm -rf .venv demo-output build dist .pytest_cache .mypy_cache .ruff_cache

$(READY): pyproject.toml constraints.txt
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 or later with venv is missing (on Debian or \
	Ubuntu: apt-get install python3 python3-venv)" >&2; exit 1; }
	[ -x $(BIN)/python ] || $(PYTHON) -m venv .venv
	$(PIP) install --quiet "pip>=25.1"
	$(PIP) install --quiet --no-deps $(TORCH_INDEX) -c constraints.txt torch
	$(PIP) install --quiet -c constraints.txt -e ".[parquet,umap]" "napari[pyqt6]" --group dev
	@touch $@
