"""Programs that start at once: each is forked from one process, which has imported the large libraries.

Small stages spend most of their time on imports. The process has imported what others have made and nothing of the
project, so that a program still runs the code of the folder that it is started in.

As a script, this is the process: `python warm.py SOCKET`. It ends when its standard input does.
"""

import atexit
import gc
import importlib
import json
import os
import runpy
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

# What stages and DVC take long to import, or import late.
LIBRARIES = (
    "dvc.cli", "dvc.commands.checkout", "dvc.commands.repro", "dvc.commands.status", "dvc.repo.checkout",
    "dvc.repo.reproduce", "dvc.repo.status", "dvc.stage.loader", "dvc.stage.run", "grimp", "jinja2",
    "matplotlib.pyplot", "mlflow", "mlflow.store.tracking.sqlalchemy_store", "open_clip", "pandas", "pydantic",
    "ruamel.yaml", "scipy.optimize", "scipy.sparse", "timm.models.vision_transformer", "torch.optim",
    "transformers.models.bert.modeling_bert", "typer", "webdataset",
)  # fmt: skip

# Put into PATH before the programs of the same names. It asks the process for a fork with its own folder, environment
# and files, and ends as the fork does. Isolated and without `site`, Python starts within milliseconds.
CLIENT = """#!{python} -IS
import os, sys

program, *arguments = [os.path.basename(sys.argv[0]), *sys.argv[1:]]
if program == "python" and arguments[:1] != ["-m"]:
    os.execv({python!r}, [{python!r}, *arguments])
import json, socket

asked = json.dumps([program, arguments, os.getcwd(), dict(os.environ)]).encode()
with socket.socket(socket.AF_UNIX) as process:
    process.connect({address!r})
    socket.send_fds(process, [len(asked).to_bytes(8, "big")], [0, 1, 2])
    process.sendall(asked)
    status = process.recv(1)
sys.exit(status[0] if status else 1)
"""


@cache
def programs() -> Path:
    """Starts the process, and returns a folder with `dvc`, `groupseg` and `python`."""
    folder = Path(tempfile.mkdtemp(prefix="programs"))
    atexit.register(shutil.rmtree, folder)
    address = str(folder / "socket")
    process = subprocess.Popen([sys.executable, "-P", __file__, address], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    atexit.register(process.communicate)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n", f"{__file__} ended before it was ready"
    for name in ("dvc", "groupseg", "python"):
        path = folder / name
        path.write_text(CLIENT.format(python=sys.executable, address=address))
        path.chmod(0o755)
    return folder


def serve(address: str) -> tuple[str, list[str]]:
    """Forks for each client; returns in the fork, with the program that it is to run and its arguments."""
    with socket.socket(socket.AF_UNIX) as server, selectors.DefaultSelector() as selector:
        server.bind(address)
        server.listen()
        print("ready", flush=True)
        selector.register(server, selectors.EVENT_READ)
        selector.register(sys.stdin, selectors.EVENT_READ)
        while all(key.fileobj is server for key, _ in selector.select()):
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            client, _ = server.accept()
            if os.fork() == 0:
                return receive(client)
            client.close()
    raise SystemExit


def receive(client: socket.socket) -> tuple[str, list[str]]:
    """Takes the place of a client in a fork; another one waits for it and tells the client how it ended."""
    length, files, _, _ = socket.recv_fds(client, 8, 3)
    with client.makefile("rb") as stream:
        program, arguments, folder, environment = json.loads(stream.read(int.from_bytes(length, "big")))
    if child := os.fork():
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        client.sendall(bytes([status if status >= 0 else 128 - status]))
        os._exit(0)
    os.setsid()
    threading.Thread(target=follow, args=[client], daemon=True).start()
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    customise()
    return program, arguments


def customise() -> None:
    """Runs the `sitecustomize` of PYTHONPATH, as Python does when it starts."""
    for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep):
        if Path(folder, "sitecustomize.py").exists():
            sys.path.insert(0, folder)
            sys.modules.pop("sitecustomize", None)
            importlib.import_module("sitecustomize")


def follow(client: socket.socket) -> None:
    """Kills this process, and all that it has started, when its client is killed."""
    client.recv(1)
    os.killpg(0, signal.SIGKILL)


def run(program: str, arguments: list[str]) -> None:
    """Does what the program of that name does."""
    if program == "python":
        sys.path.insert(0, str(Path.cwd()))
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = [program, *arguments]
        module, function = {"dvc": ("dvc.cli", "main"), "groupseg": ("groupseg.cli", "app")}[program]
        sys.exit(getattr(importlib.import_module(module), function)())


@contextmanager
def leaving() -> Iterator[None]:
    """Ends this process as Python does, but does not take the libraries apart, which would take seconds."""
    status: object = None
    try:
        yield
    except SystemExit as left:
        status = left.code
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
        status = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status if isinstance(status, int) else int(status is not None))


if __name__ == "__main__":
    for library in LIBRARIES:
        importlib.import_module(library)
    gc.freeze()  # else collecting garbage copies all of it in every fork
    asked = serve(sys.argv[1])
    with leaving():
        run(*asked)
