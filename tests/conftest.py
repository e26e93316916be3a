"""What holds for all tests.

One thread a process: `make test` runs a process on each core, and more threads would only wait for each other. The
libraries read this when they are loaded, and so do the programs that tests start.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
