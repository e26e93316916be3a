"""The stages of the pipeline: stage `x` of dvc.yaml is the script `x.py` here. Stages never import stages."""

import os
import time

# Before the slow imports, which are part of what a stage takes.
STARTED = time.monotonic()

# Before anything else is imported, because these are read at import: nothing is sent home or fetched unasked.
os.environ.setdefault("DVC_NO_ANALYTICS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
# Threads that wait for each other take twice the processor time for products of matrices as small as ours, and their
# number changes the last digits of sums.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
