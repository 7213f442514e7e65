# The two commands are `make lab` and `make test`. On Windows, README.md has the same as plain pip lines.
# ARGS are handed on: make lab ARGS=--no-browser, make test ARGS="-k exact". WORKERS=0 tests in one process.
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check
ARGS ?=
WORKERS ?= 2
# A file is one worker's: the cells of a notebook share a kernel, and module fixtures are made once. The slowest go first.
PYTEST := $(PY) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --nbval --nbval-cell-timeout=120
CORE := $(addprefix tests/test_,house.py exact.py approximations.py estimators.py sampling.py lists.py)
RUFF := $(PY) -m ruff check .
LOCK := $(PY) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --custom-compile-command "make lock"
# JupyterLab refuses to run as root unless told to.
ROOT_FLAG := $(shell [ "$$(id -u)" -eq 0 ] && echo --allow-root)
# The first of these that is Python 3.11, 3.12 or 3.13. Set PYTHON= to choose another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& { echo $$p; break; }; done)

# $(call or_say,what failed and what to do)
or_say = || { echo "make $(firstword $(MAKECMDGOALS)): $(1)" >&2; exit 1; }
ruff_says = $(call or_say,ruff found what it lists above. 'ruff check --fix .' repairs most of it)

.PHONY: help lab check test bench notebooks readme-picture site address lock clean

help:
	@echo "make lab             open the course in JupyterLab (make lab ARGS=--no-browser: only the server)"
	@echo "make check           under a minute: ruff, the structure, the core mathematics, one notebook"
	@echo "make test            run every test there is (make test WORKERS=0: in one process)"
	@echo "make bench           measure the speed, each number beside its peer"
	@echo "make notebooks       execute all notebooks and store their outputs"
	@echo "make readme-picture  draw the picture at the top of the README"
	@echo "make site            build the course as pages in site/, which open without a kernel, and test them"
	@echo "make address OWNER=… write the public address wherever a link needs it"
	@echo "make lock            pin all versions and hashes anew, after a change of requirements.txt or pyproject.toml"
	@echo "make clean           remove .venv"

# The stamps keep repeated calls from installing again; a changed pin does install again.
$(VENV)/.made:
	@[ -n "$(PYTHON)" ] $(call or_say,found no Python 3.11 or 3.12 or 3.13. Install one and run again or name one: make lab PYTHON=/path/to/python3.12)
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
		$(call or_say,$(PYTHON) is not a Python 3.11 or 3.12 or 3.13. Install one and name it: make lab PYTHON=/path/to/python3.12)
	@echo "making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV) $(call or_say,could not make $(VENV). On Debian and Ubuntu: apt-get install python3-venv. Then remove $(VENV) and run again)
	@touch $@

$(VENV)/.lab: $(VENV)/.made binder/lock.txt pyproject.toml
	@echo "installing the course's packages (about 800 MB, half a minute on a good line)"
	@$(PIP) --require-hashes -r binder/lock.txt $(call or_say,pip could not install binder/lock.txt. Read its message above and check the network then run again)
	@$(PIP) --no-deps --editable . $(call or_say,pip could not install the package itself. Read its message above then run again)
	@touch $@

$(VENV)/.test: $(VENV)/.lab tests/lock.txt
	@echo "installing what the tests need"
	@$(PIP) --require-hashes -r tests/lock.txt $(call or_say,pip could not install tests/lock.txt. Read its message above and check the network then run again)
	@touch $@

lab: $(VENV)/.lab
	@echo "compiling the kernels (seconds the first time)"
	@$(PY) -m capg_core.warm $(call or_say,the kernels did not compile. Run 'make clean' and try again; if it stays report the message above)
	@$(PY) -m jupyterlab $(ROOT_FLAG) --LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb $(ARGS) \
		$(call or_say,JupyterLab stopped with an error. If its port is taken try: make lab ARGS=--port=8899)

check: $(VENV)/.test
	@$(RUFF) $(ruff_says)
	@$(PYTEST) $(CORE) notebooks/00_start_here.ipynb -m "not slow" $(ARGS)

# One pytest call runs the mathematics, the panel, the browser and all notebooks, so its summary comes last.
test: $(VENV)/.test
	@$(RUFF) $(ruff_says)
	@echo "make test: to run one failing test again: $(PY) -m pytest NAME"
	@$(PYTEST) tests notebooks $(ARGS)

bench: $(VENV)/.test
	@$(PY) tests/tools/bench.py $(ARGS) $(call or_say,the benchmark failed. See its message above)

notebooks: $(VENV)/.test
	@$(PY) tests/tools/execute_notebooks.py $(ARGS) $(call or_say,a notebook failed. Its cell and error are above; nothing of it was stored)

readme-picture: $(VENV)/.lab
	@$(PY) tests/tools/readme_picture.py $(ARGS) $(call or_say,the picture was not drawn. See the message above)

# Only what has changed is drawn again. ARGS go to the build: make site ARGS="--only 00_start_here".
site: $(VENV)/.test
	@$(PY) -m capg_core.warm $(call or_say,the kernels did not compile. See the message above)
	@$(PY) -m capg_core.classroom.site site $(ARGS) $(call or_say,the pages were not built or not whole. See what is named above)
	@CAPG_SITE=site $(PY) -m pytest -q tests/test_site.py tests/test_site_browser.py \
		$(call or_say,the pages are there and a test of them failed. See above)

# The one home of the address is capg_core/classroom/site/address.py.
address: $(VENV)/.test
	@$(PY) tests/tools/address_book.py "$(OWNER)" "$(NAME)" $(call or_say,the address was not written. See the message above)

# All versions, those of what our packages need too, with the hashes of their files, for Python 3.11 to 3.13 on every system.
lock: $(VENV)/.made
	@$(PIP) uv==0.13.9 $(call or_say,pip could not install uv. Read its message above and check the network then run again)
	@$(LOCK) requirements.txt -o binder/lock.txt $(call or_say,uv found no versions that fit together. See its message above)
	@$(LOCK) requirements.txt pyproject.toml --extra test -o tests/lock.txt $(call or_say,uv found no versions that fit together. See its message above)

clean:
	rm -rf $(VENV)
