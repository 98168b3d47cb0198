# `make demo` and `make test` set up all they need in .venv, from PyPI, and then do it.
PYTHON ?= python3
TORCH ?= torch==2.13.0
BIN := .venv/bin
MINUTES ?= 9

.PHONY: demo test lint gpu clean

demo: .venv/.demo
	$(BIN)/diffhpe demo --out demo_out

test: .venv/.test lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -ra

lint: .venv/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Measures and trains on a CUDA device; gpu/run.sh alone needs no network. See docs/gpu.md.
gpu: .venv/.test
	PYTHON=$(BIN)/python gpu/run.sh --minutes $(MINUTES)

.venv/.demo: setup.py $(wildcard diffhpe_ros/lifting/engines/native/src/*)
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet $(TORCH)
	$(BIN)/python -m pip install --quiet -e '.[cpu,ros]'
	$(BIN)/python -m diffhpe_ros.detection.weights
	touch $@

.venv/.test: .venv/.demo
	$(BIN)/python -m pip install --quiet -e '.[cpu,onnx,ros,train,test,dev]'
	touch $@

clean:
	rm -rf .venv build demo_out runs
