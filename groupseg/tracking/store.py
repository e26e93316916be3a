"""The database of a local MLflow store: a file that is whole, or not there.

MLflow sets a new database up in place, over some seconds, and never again opens one of which that was broken off.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

import mlflow.store.db.utils as mlflow_db
from sqlalchemy.engine import make_url

from groupseg.errors import UserError

# What the set-up itself writes into its tables.
_BOOKKEEPING = frozenset({"alembic_version", "workspaces"})
# SQLite keeps what it needs to undo beside a database. It would apply it to any file that takes the place of that.
_BESIDE = ("-journal", "-wal", "-shm")
# Seconds to wait for another program that writes.
_PATIENCE = 20


def database(uri: str) -> Path | None:
    """Returns the file of an SQLite tracking URI; None for any other store."""
    if not uri.startswith("sqlite"):
        return None
    name = make_url(uri).database
    return None if name in (None, "", ":memory:") else Path(str(name))


def prepare(path: Path, ours: bool) -> None:
    """Makes the database where there is none, and makes it again where its set-up was broken off.

    Args:
        path: The file.
        ours: Whether it is the store of this repository. Any other is never made again.

    Raises:
        UserError: If it is no database of this version of MLflow, and cannot be made again without a loss.
        OSError, sqlite3.Error: If the file cannot be read or written.
    """
    if not path.exists() or path.stat().st_size == 0:
        _make(path)
        return
    revision, empty = _look(path)
    if revision == mlflow_db._get_latest_schema_revision():
        return
    if ours and empty:
        _make(path)
        return
    raise UserError(
        f"{path} is not a database of this version of MLflow. If it was made by an older one, copy it and run"
        f" `mlflow db upgrade sqlite:///{path}`; else move it away. Then run `groupseg track` again."
    )


def _look(path: Path) -> tuple[str | None, bool]:
    """Returns the revision of the schema, None where there is none, and whether nobody has stored anything yet."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=_PATIENCE)) as connection:
            # Waits for a set-up that is under way, and undoes what a killed one has left.
            connection.execute("BEGIN IMMEDIATE")
            tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            filled = {name for name in tables if connection.execute(f'SELECT 1 FROM "{name}"').fetchone()}  # noqa: S608
            revision = None
            if "alembic_version" in filled:
                (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            return revision, filled <= _BOOKKEEPING
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise  # locked, or not to be written: nothing is wrong with what it holds
        raise UserError(
            f"{path} is damaged or no database ({error}). Move it away and run `groupseg track` again."
        ) from error


def _make(path: Path) -> None:
    """Sets a database up in memory, and puts it into its place in one piece."""
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = mlflow_db.create_sqlalchemy_engine("sqlite://")
    mlflow_db._initialize_tables(engine)
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    with closing(sqlite3.connect(fresh)) as target:
        engine.raw_connection().driver_connection.backup(target)
    engine.dispose()
    for ending in _BESIDE:
        path.with_name(path.name + ending).unlink(missing_ok=True)
    fresh.replace(path)
