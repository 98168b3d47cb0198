# `make demo` and `make test` set up all they need in .venv, from PyPI, and then do it.
# `make test` also runs the nodes on ROS 2 Jazzy, in .venv-jazzy.
PYTHON ?= python3
# `make demo TORCH=` does without torch, where there is a C++ compiler for the native engine.
TORCH ?= torch==2.13.0
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
# What pip may install; `make test CONSTRAINTS=` takes the newest of everything.
CONSTRAINTS ?= $(wildcard constraints/$(VERSION).txt)
BIN := .venv/bin
MINUTES ?= 9
JAZZY := .venv-jazzy/bin
VIEW := .venv-view/bin
WHEEL := .venv-wheel
PIP_INSTALL := -m pip install --quiet
HOLD := $(CONSTRAINTS:%=-c %)
COMMA := ,
# What only torch's engines, and training, need.
WITH_TORCH := $(if $(TORCH),$(COMMA)torch)
SOURCES := setup.py $(CONSTRAINTS) $(wildcard diffhpe_ros/lifting/engines/native/src/*)
# tf2_msgs and hri_msgs, which PyPI lacks: what builds them is in the environment.
INTERFACES := test/interfaces/build.py $(wildcard test/interfaces/*/msg/*)
# Types are checked on one Python, with one numpy: others have other stubs.
TYPED := 3.11
# Where it is set, each of the tests' hundred processes would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE
# A file of tests is run by one of two processes; those with nodes mostly wait for them.
PYTEST := -m pytest -ra -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: demo test pytest test-long lint types jazzy browser constraints pythons docs wheel gpu clean

demo: .venv/.demo
	$(BIN)/diffhpe demo --out demo_out

# On two cores, both environments are made at once, and types are checked beside the tests.
test:
	$(MAKE) --jobs=2 .venv/.test .venv-jazzy/.test
	$(MAKE) lint
	$(MAKE) --jobs=2 types pytest
	$(MAKE) jazzy

# All but what takes longest, on the rclpy of .venv.
pytest: .venv/.test
	OMP_NUM_THREADS=1 $(BIN)/python $(PYTEST) -m "not long"

# What takes longest: a soak, a GPU run's rehearsal, the wheel outside of the checkout.
test-long: .venv/.test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -ra -m long

lint: .venv/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/.test
ifeq ($(VERSION),$(TYPED))
	$(BIN)/mypy
else
	@echo "mypy runs on Python $(TYPED) only, not on $(VERSION)"
endif

jazzy: .venv-jazzy/.test
	OMP_NUM_THREADS=1 $(JAZZY)/python $(PYTEST) -m "jazzy and not long" test/nodes test/demo

# The newest versions that fit together, for each Python.
constraints: .venv/.demo
	$(BIN)/python $(PIP_INSTALL) uv
	PATH=$(CURDIR)/$(BIN):$$PATH TORCH="$(firstword $(TORCH))" constraints/renew.sh

# Demo, tests and a training step on every Python: `make pythons ARGS="--newest --only 3.12"`.
pythons: .venv/.demo
	$(BIN)/python $(PIP_INSTALL) uv
	$(BIN)/python bench/pythons.py --torch "$(TORCH)" $(ARGS)

# Clicks through the page of `diffhpe view`; needs Chromium (apt install chromium).
browser: .venv-view/.browser
	OMP_NUM_THREADS=1 $(VIEW)/python -m pytest -ra -m browser test/view

# The documents and the Python API as a website, in site/; a link that leads nowhere is an error.
docs: .venv-docs/.docs
	.venv-docs/bin/mkdocs build --strict

# sdist and wheel in dist/; the wheel then lifts the package's clip out of an empty environment,
# without torch.
wheel:
	rm -rf dist
	$(PYTHON) -m venv --clear $(WHEEL)
	$(WHEEL)/bin/python $(PIP_INSTALL) build
	$(WHEEL)/bin/python -m build > /dev/null
	$(PYTHON) -m venv --clear $(WHEEL)
	$(WHEEL)/bin/python $(PIP_INSTALL) $(HOLD) "$$(ls dist/*.whl)[cpu]"
	cd $(WHEEL) && bin/diffhpe lift lib/python*/site-packages/diffhpe_ros/assets/walk.mp4 --out walk.bvh

# Measures and trains on a CUDA device; gpu/run.sh alone needs no network. See docs/gpu.md.
gpu: .venv/.test
	PYTHON=$(BIN)/python gpu/run.sh --minutes $(MINUTES)

# torch comes first and by itself, from where TORCH says; its requirements come with the rest.
.venv/.demo: $(SOURCES)
	$(PYTHON) -m venv .venv
	$(if $(TORCH),$(BIN)/python $(PIP_INSTALL) --no-deps $(TORCH))
	$(BIN)/python $(PIP_INSTALL) $(HOLD) -e '.[cpu,demo,ros$(WITH_TORCH)]'
	$(BIN)/python -m diffhpe_ros.detection.weights
	touch $@

.venv/.test: .venv/.demo $(INTERFACES)
	$(if $(TORCH),$(BIN)/python $(PIP_INSTALL) --no-deps $(TORCH))
	$(BIN)/python $(PIP_INSTALL) $(HOLD) -e '.[cpu,onnx,ros,train,test,dev]'
	$(BIN)/python test/interfaces/build.py > /dev/null
	touch $@

# By themselves: viser and Optuna's command line want different versions of rich.
.venv-view/.browser: $(SOURCES)
	$(PYTHON) -m venv .venv-view
	$(VIEW)/python $(PIP_INSTALL) --no-deps $(TORCH)
	$(VIEW)/python $(PIP_INSTALL) -e '.[cpu,view,browser,test]'
	touch $@

# Reads the sources without importing them.
.venv-docs/.docs: setup.py
	$(PYTHON) -m venv .venv-docs
	.venv-docs/bin/python $(PIP_INSTALL) "mkdocs-material>=9.6,<10" "mkdocstrings[python]>=0.30,<2" ruff
	touch $@

.venv-jazzy/.test: $(SOURCES) $(INTERFACES)
	$(PYTHON) -m venv .venv-jazzy
	$(JAZZY)/python $(PIP_INSTALL) --no-deps $(TORCH)
	$(JAZZY)/python $(PIP_INSTALL) $(HOLD) -e '.[cpu,ros-jazzy,test]'
	$(JAZZY)/python test/interfaces/build.py > /dev/null
	touch $@

clean:
	rm -rf .venv .venv-jazzy .venv-view .venv-docs $(WHEEL) build dist demo_out runs site
