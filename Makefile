# make repro   set up and run the whole pipeline        make test    set up and run the tests
# make seeds   the same with other seeds of training    make repro-all    all of it, and all models of params.yaml
# make lint    linters and types                        make bench   ratios, measured side by side
# make readme  write results into the README            make clean   remove what the pipeline made

PYTHON ?= python3
VENV := .venv
INSTALLED := $(VENV)/installed

export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export DVC_NO_ANALYTICS := 1
export MLFLOW_DISABLE_TELEMETRY := true
export HF_HUB_OFFLINE := 1

.PHONY: repro repro-all seeds test lint bench readme clean

repro: $(INSTALLED)
	python -m stages.params
	dvc repro
	groupseg summary

# With variants/dvc.yaml, which trains the models beside the one that runs.
repro-all: repro
	dvc repro --all-pipelines
	groupseg summary

seeds: repro
	dvc repro variants/dvc.yaml:variant@scenes_small_seed1 variants/dvc.yaml:variant@scenes_small_seed2
	groupseg summary

# The longest file first, so that one process does not wait for the other in the end.
test: $(INSTALLED)
	pytest -n 2 --dist loadfile --no-loadscope-reorder tests/stages/test_repro.py tests

lint: $(INSTALLED)
	ruff check .
	ruff format --check .
	mypy

bench: $(INSTALLED)
	python -m benchmarks.threshold_curve
	python -m benchmarks.bootstrap
	python -m benchmarks.groupvit
	python -m benchmarks.windows
	python -m benchmarks.prepare
	python -m benchmarks.training

readme: $(INSTALLED)
	groupseg readme

clean:
	rm -rf data/archives data/captions data/check data/counts data/predictions data/prepared data/segments data/text data/reported.json data/tracked.json models results/report.html .work

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	pip install --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@
