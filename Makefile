# make book   every chapter run and checked, then the book in _build/html
# make test   the tests, and each chapter's outputs against the stored ones
# Both set up .venv on first use. Others: oldest, frames, engines, check, outputs, originals, bench, bench-large, lint, clean.

PYTHON ?= python3
VENV ?= .venv
EXTRAS ?= book,test,originals,nlopt,docx
# for instance PYTEST='-x tests/test_lmer.py'
PYTEST ?=
NOTEBOOKS ?=
# the browser in which the built book is tested; empty: a Chromium on the path, and without one those tests are skipped
MLM_BROWSER ?=
export MLM_BROWSER
# for instance BENCHMARKS='--case imm10_model3 --repeats 5 --output some.json'
BENCHMARKS ?= --growth
BENCH ?= .venv-bench
OLDEST ?= .venv-oldest
FRAMES := tests/files tests/frame tests/language tests/fit tests/model tests/effects tests/plot tests/adapters \
  tests/test_lm.py tests/test_after_pages.py \
  tests/test_benchmarks.py::test_rows_are_fitted_where_they_are_and_in_memory

# Folder of the original data files; empty: the twins are used, also where originals were fetched before.
MLM_ORIGINALS ?=
export MLM_ORIGINALS

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
CREATED := $(VENV)/.created
INSTALLED := $(VENV)/.installed
# what was checked with the twins is not checked with the originals, and the other way round
CHECKED := $(VENV)/.checked-$(if $(MLM_ORIGINALS),originals,twins)
BOOK := _build/.book

CHECK_SOURCES := $(wildcard book/*.ipynb) $(shell find mlm replications data -type f \
	\( -name '*.py' -o -name '*.toml' -o -name '*.json' -o -name '*.csv' -o -name '*.gz' \) 2>/dev/null)
BOOK_SOURCES := $(shell find book -type f -not -path '*/.*' -not -path '*/__pycache__/*' 2>/dev/null)

SHELL := bash
.SHELLFLAGS := -o pipefail -ec

# one recipe at a time, whatever -j says: test and book run the same notebooks
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help book test oldest frames engines check outputs originals bench bench-large lint install clean

help:
	@sed -n '1,3s/^# //p' Makefile

book: $(BOOK)
	@echo "The book is in _build/html/index.html (search needs: $(BIN)/python -m http.server -d _build/html)"

# --all, because Sphinx repeats a page's warnings only when it reads the page again
$(BOOK): $(CHECKED) $(BOOK_SOURCES) _config.yml _toc.yml
	$(BIN)/jupyter-book build --all -W -n --keep-going .
	$(BIN)/python -m pytest -q tests/test_site.py tests/test_site_in_browser.py
	@touch $@

test: $(INSTALLED)
	$(BIN)/python -m pytest --nbval --nbval-current-env $(PYTEST)

# the chapters and the tests with the oldest versions allowed; the chapters' outputs are not compared, and what they
# record is kept apart from what the pinned versions compute
oldest: $(OLDEST)/.installed
	MLM_CHECKS=$(abspath $(OLDEST))/checks $(OLDEST)/bin/python -m pytest --nbval-lax --nbval-current-env $(PYTEST)

# the oldest versions have wheels for Python 3.11, not for every later one: none is to be compiled
$(OLDEST)/.installed: pyproject.toml constraints.txt constraints-oldest.txt
	$(PYTHON) -m venv --clear $(OLDEST)
	awk -F '[ =]+' 'NR == FNR { oldest[$$1] } NR == FNR || !($$1 in oldest)' constraints-oldest.txt constraints.txt \
	  > $(OLDEST)/constraints.txt
	$(OLDEST)/bin/python -m pip --disable-pip-version-check install -qq --only-binary numpy,scipy,pandas,matplotlib,nlopt \
	  -c $(OLDEST)/constraints.txt -e '.[$(EXTRAS)]'
	@touch $@

# the tests that read frames of other libraries and files of other programs, with these in .venv: the other steps run without them, as most readers
frames: $(INSTALLED)
	$(PIP) install -qq -c constraints.txt -e '.[frames,big,files,neighbours]'
	$(BIN)/python -m pytest $(PYTEST) $(FRAMES)

# fits by PySpark, a cluster of Dask's and Ibis, which fail where these or a Java are not there
engines: $(INSTALLED)
	$(PIP) install -qq -c constraints.txt -e '.[spark,dask,ibis]'
	MLM_ENGINES=1 $(BIN)/python -m pytest $(PYTEST) -m engines tests/fit/test_lazy_engines.py

check: $(CHECKED)

$(CHECKED): $(INSTALLED) $(CHECK_SOURCES)
	$(BIN)/python -m replications check
	$(BIN)/python -m replications scoreboard
	@touch $@

# run the notebooks and store their outputs; commit what changes
outputs: $(INSTALLED)
	$(BIN)/python tools/run_notebooks.py $(NOTEBOOKS)

# fetch the original files (into MLM_ORIGINALS or the user's cache folder), and check the chapters on them
originals: $(INSTALLED)
	$(if $(MLM_ORIGINALS),,unset MLM_ORIGINALS;) $(BIN)/python -m replications fetch
	$(if $(MLM_ORIGINALS),,unset MLM_ORIGINALS;) $(BIN)/python -m replications check

# the peers get an environment of their own, so that nothing they need changes what the tests run with
bench: $(BENCH)/.installed
	$(BENCH)/bin/python -m benchmarks $(BENCHMARKS)

# rows beyond memory, and crossed factors without a ceiling: hours, and some gigabytes of files
bench-large: $(BENCH)/.installed
	$(BENCH)/bin/python -m pip --disable-pip-version-check install -qq -c constraints.txt -e '.[big,dask,spark,ibis]'
	$(BENCH)/bin/python -m benchmarks.bigger_than_memory $(if $(ROWS),--rows $(ROWS))
	$(BENCH)/bin/python -m benchmarks.crossed_ratings $(if $(ROWS),--rows $(firstword $(ROWS)))

$(BENCH)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv --clear $(BENCH)
	$(BENCH)/bin/python -m pip --disable-pip-version-check install -qq -c constraints.txt -e '.[bench,originals]'
	@touch $@

lint: $(INSTALLED)
	$(PIP) install -qq -c constraints.txt -e '.[dev]'
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

install: $(INSTALLED)

$(CREATED):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "This project needs Python 3.11 or later, and $(PYTHON) is not: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' || \
	  { echo "$(PYTHON) has no venv module: install it (Debian, Ubuntu: apt install python3-venv)" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(INSTALLED): $(CREATED) pyproject.toml constraints.txt
	@echo "Installing into $(VENV): a minute or two the first time"
	$(PIP) install -c constraints.txt -e '.[$(EXTRAS)]' | awk \
	  '/^Collecting/ { printf "\r  %d packages found", ++n; fflush() } /^Installing/ { print "\n  installing them ..." }'
	@touch $@

clean:
	rm -rf _build $(VENV)/.checked-*
