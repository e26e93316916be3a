# make repro   set up and run the whole pipeline        make test    set up and run the tests
# make seeds   and models of other seeds of training    make repro-all    and all of run.variants, and unseen classes
# make lint    linters and types                        make bench   ratios, measured side by side
# make readme  write results into the README            make docs    the docs as a site, .work/site/index.html
# make clean   remove what the pipeline made

PYTHON ?= python3
VENV := .venv
INSTALLED := $(VENV)/installed

export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export DVC_NO_ANALYTICS := 1
export MLFLOW_DISABLE_TELEMETRY := true
export HF_HUB_OFFLINE := 1
export NO_MKDOCS_2_WARNING := 1

# The C library gives freed memory back to the system, which clears it anew for the next tensor. Here it stays.
repro repro-all seeds bench: export MALLOC_TRIM_THRESHOLD_ := 4294967296
repro repro-all seeds bench: export MALLOC_MMAP_THRESHOLD_ := 1073741824
repro repro-all seeds bench: export MALLOC_TOP_PAD_ := 268435456

.PHONY: repro repro-all seeds test lint docs bench readme clean

# Where DVC restores all stages from its cache, report and MLflow have not been written yet. The results stand, whether or
# not MLflow takes them.
repro: $(INSTALLED)
	python -m stages.check_params
	dvc repro
	groupseg report
	-groupseg track
	groupseg summary

# Models beside the one that runs. They are no stages, so that nobody else misses their weights.
seeds: repro
	for model in scenes_small_seed1 scenes_small_seed2; do python -m stages.variant $$model || exit 1; done
	dvc repro

repro-all: repro
	python -m stages.variant all
	python -m stages.unseen
	dvc repro

# The longest file first, so that one process does not wait for the other in the end.
test: $(INSTALLED)
	pytest -n 2 --dist loadfile --no-loadscope-reorder tests/stages/test_repro.py tests

lint: $(INSTALLED)
	ruff check .
	ruff format --check .
	mypy

# A link that leads nowhere is an error.
docs: $(INSTALLED)
	mkdocs build

bench: $(INSTALLED)
	python -m benchmarks.threshold_curve
	python -m benchmarks.bootstrap
	python -m benchmarks.groupvit
	python -m benchmarks.windows
	python -m benchmarks.clip --images 16
	python -m benchmarks.refine
	python -m benchmarks.prepare
	python -m benchmarks.training
	python -m benchmarks.explorer
	python -m benchmarks.nothing_to_do

readme: $(INSTALLED)
	groupseg readme

clean:
	rm -rf data/captions/* data/check data/counts data/done data/predictions data/prepared data/segments data/sources data/text data/unseen models results/*/report.html results/*/explorer.html .work

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	pip install --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@
