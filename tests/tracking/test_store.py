import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import mlflow
import mlflow.store.db.utils as mlflow_db
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from mlflow.store.tracking.dbmodels.initial_models import Base

from groupseg.errors import UserError
from groupseg.tracking.store import database, prepare

REVISIONS = [
    script.revision for script in ScriptDirectory.from_config(mlflow_db._get_alembic_config("")).walk_revisions()
][::-1]


@pytest.fixture(autouse=True)
def silent() -> None:
    logging.getLogger("alembic").setLevel(logging.ERROR)


def broken_off(path: Path, revision: str | None) -> Path:
    """Leaves the database that MLflow leaves when it is killed after this migration; None: before the first."""
    engine = mlflow_db.create_sqlalchemy_engine("sqlite://")
    Base.metadata.create_all(engine)
    if revision:
        config = mlflow_db._get_alembic_config("sqlite://")
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
    with closing(sqlite3.connect(path)) as target:
        engine.raw_connection().driver_connection.backup(target)
    engine.dispose()
    return path


def fill(path: Path) -> bytes:
    """Adds an experiment, as somebody's work, and returns what the file then holds."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO experiments (experiment_id, name) VALUES (7, 'work')")
    return path.read_bytes()


def check(path: Path) -> None:
    """Holds a database to what MLflow asks of it, and looks for what may lie beside it."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(REVISIONS[-1],)]
    engine = mlflow_db.create_sqlalchemy_engine(f"sqlite:///{path}")
    assert mlflow_db._all_tables_exist(engine)
    mlflow_db._verify_schema(engine)
    engine.dispose()
    assert [one.name for one in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("sqlite:///mlflow.db", Path("mlflow.db")),
        ("sqlite:////a/my b/c.db", Path("/a/my b/c.db")),
        ("sqlite+pysqlite:////a/b.db?timeout=3", Path("/a/b.db")),
        ("sqlite://", None),
        ("sqlite:///:memory:", None),
        ("postgresql://me:secret@host/mlflow", None),
        ("http://127.0.0.1:5000", None),
        ("/a/folder", None),
    ],
)
def test_the_file_is_told_from_the_uri(uri: str, path: Path | None) -> None:
    assert database(uri) == path


@pytest.mark.parametrize("ours", [True, False])
def test_a_new_database_is_whole_and_stays(tmp_path: Path, ours: bool) -> None:
    path = tmp_path / "my project" / "mlflow.db"
    prepare(path, ours)
    check(path)
    mlflow.MlflowClient(f"sqlite:///{path}").create_experiment("mine")
    prepare(path, ours)
    assert mlflow.MlflowClient(f"sqlite:///{path}").get_experiment_by_name("mine") is not None


@pytest.mark.parametrize("revision", [None, REVISIONS[0], REVISIONS[len(REVISIONS) // 2], REVISIONS[-2]])
def test_a_set_up_that_was_broken_off_is_done_again(tmp_path: Path, revision: str | None) -> None:
    path = broken_off(tmp_path / "mlflow.db", revision)
    prepare(path, ours=True)
    check(path)


def test_an_empty_file_becomes_a_database(tmp_path: Path) -> None:
    path = tmp_path / "mlflow.db"
    path.touch()
    prepare(path, ours=True)
    check(path)


def test_what_a_killed_process_has_left_beside_it_spoils_nothing(tmp_path: Path) -> None:
    path = tmp_path / "mlflow.db"
    fill(broken_off(path, REVISIONS[5]))
    journal = path.with_name("mlflow.db-journal")
    with closing(sqlite3.connect(path)) as connection:
        # A cache of one page, so that the transaction is in the file before it ends.
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("UPDATE experiments SET name = 'other'")
        rows = [(number, f"{number}") for number in range(100, 3000)]
        connection.executemany("INSERT INTO experiments (experiment_id, name) VALUES (?, ?)", rows)
        undo = journal.read_bytes()
        connection.rollback()
    path.unlink()
    assert any(undo[:8])
    journal.write_bytes(undo)
    path.with_name("mlflow.db.new").write_bytes(b"half of it")
    prepare(path, ours=True)
    check(path)


def test_work_of_an_older_version_is_kept_and_the_way_out_leads_out(tmp_path: Path) -> None:
    path = broken_off(tmp_path / "mlflow.db", REVISIONS[-5])
    before = fill(path)
    with pytest.raises(UserError, match=rf"mlflow db upgrade sqlite:///{path}"):
        prepare(path, ours=True)
    assert path.read_bytes() == before
    engine = mlflow_db.create_sqlalchemy_engine(f"sqlite:///{path}")
    mlflow_db._upgrade_db(engine)  # what the command does
    engine.dispose()
    prepare(path, ours=True)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM experiments").fetchall() == [("work",)]


def test_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = broken_off(tmp_path / "mlflow.db", REVISIONS[-1])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = 'fedcba987654'")
    before = fill(path)
    with pytest.raises(UserError, match="move it away"):
        prepare(path, ours=True)
    assert path.read_bytes() == before


def test_the_database_of_somebody_else_is_never_made_again(tmp_path: Path) -> None:
    path = broken_off(tmp_path / "theirs.db", REVISIONS[3])
    before = path.read_bytes()
    with pytest.raises(UserError, match="move it away"):
        prepare(path, ours=False)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "mlflow.db"
    path.write_bytes(b"no database, but longer than a header of one" * 100)
    before = path.read_bytes()
    with pytest.raises(UserError, match=r"file is not a database.*Move it away"):
        prepare(path, ours=True)
    assert path.read_bytes() == before
    path.rename(tmp_path / "away.db")
    prepare(path, ours=True)
    (tmp_path / "away.db").unlink()
    check(path)


def test_a_database_that_another_program_writes_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = broken_off(tmp_path / "mlflow.db", REVISIONS[3])
    monkeypatch.setattr("groupseg.tracking.store._PATIENCE", 0.1)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            prepare(path, ours=True)
    prepare(path, ours=True)
    check(path)
