"""Archives come from a server into the cache, and nothing but their names and digests into the repository."""

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from groupseg.datasets.shards import read_samples
from groupseg.errors import UserError
from groupseg.files import read_json, write_json
from stages import download, prepare
from stages.archives import archive_files, dataset_tree
from stages.params import load_params
from stages.schema import Params
from tests.datasets.layouts import VAL, pack
from tests.sources.server import Server
from tests.stages.test_repro import change, new_repository, repro, run

FILE = "VOCtrainval_11-May-2012.tar"


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A small VOC 2012, as its publisher packs it."""
    (path,) = pack(tmp_path_factory.mktemp("packed"), "voc")
    return path.read_bytes()


@pytest.fixture
def server(packed: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server with that archive, and an empty cache."""
    monkeypatch.setenv("GROUPSEG_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = Server(files={f"/{FILE}": packed})
    http = server.start()
    yield server
    http.shutdown()
    http.server_close()


def set_up(server: Server, packed: bytes, folder: Path, **archive: Any) -> None:
    """Lets VOC run, from that server."""
    served = {"file": FILE, "urls": [f"{server.url}/{FILE}"], "licence": "research", "terms": "https://a.org/terms"}
    known = {"sha256": hashlib.sha256(packed).hexdigest(), "size": len(packed)}

    def edit(params: dict[str, Any]) -> None:
        params["run"]["datasets"] = ["scenes20", "voc"]
        params["datasets"]["voc"]["source"]["calib"] = 2
        params["archives"]["voc2012"] = {key: value for key, value in (served | known | archive).items() if value}

    change(folder, edit)


@pytest.fixture
def params(server: Server, packed: bytes, project: Path) -> Params:
    """A folder to run stages in, whose params.yaml names that server."""
    set_up(server, packed, project)
    return load_params()


def record(name: str = "voc") -> Any:
    return read_json(f"data/archives/datasets/{name}.json")


def test_everything_that_runs_has_a_record_and_what_it_needs_is_fetched(
    server: Server, packed: bytes, params: Params, capsys: pytest.CaptureFixture[str]
) -> None:
    download.main()
    assert record() == [{"name": "voc2012", "file": FILE, "digest": f"sha256:{hashlib.sha256(packed).hexdigest()}"}]
    assert record("scenes20") == []
    assert read_json("data/archives/models/scenes_small.json") == []
    assert {path.stem for path in Path("data/archives/corpora").iterdir()} == set(params.run.corpora)
    assert "for voc2012. Terms: research; https://a.org/terms" in capsys.readouterr().err
    assert len(server.log) == 1
    (path,) = archive_files(params, "datasets", "voc")
    assert path.read_bytes() == packed
    assert archive_files(params, "models", "scenes_small") == []


def test_what_no_longer_runs_leaves_no_record(params: Params) -> None:
    download.main()
    write_json("data/archives/datasets/other.json", [])
    download.main()
    assert not Path("data/archives/datasets/other.json").exists()
    assert record()


def test_what_is_on_record_is_fetched_by_whoever_needs_it(
    server: Server, packed: bytes, params: Params, tmp_path: Path
) -> None:
    download.main()
    shutil.rmtree(tmp_path / "cache")
    set_up(server, packed, Path(), urls=[f"{server.url}/gone", f"{server.url}/{FILE}"])
    download.main()
    assert len(server.log) == 1
    prepare.main("voc")
    assert [entry.path for entry in server.log[1:]] == ["/gone", f"/{FILE}"]
    assert [sample.name for sample in read_samples(Path("data/prepared/voc"), "test")] == sorted(VAL)


def test_another_digest_is_another_archive(server: Server, packed: bytes, params: Params) -> None:
    download.main()
    server.files[f"/{FILE}"] = packed + bytes(512)
    set_up(server, server.files[f"/{FILE}"], Path())
    with pytest.raises(
        UserError, match=r"datasets/voc\.json is missing, or of other archives than needs\.datasets\.voc"
    ):
        archive_files(load_params(), "datasets", "voc")
    download.main()
    assert record()[0]["digest"] == f"sha256:{hashlib.sha256(packed + bytes(512)).hexdigest()}"
    assert len(server.log) == 2


def test_without_a_digest_the_one_on_record_holds(
    server: Server, packed: bytes, params: Params, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up(server, packed, Path(), sha256=None, size=None)
    download.main()
    digest = hashlib.sha256(packed).hexdigest()
    assert record()[0]["digest"] == f"sha256:{digest}"
    assert f"add `sha256: {digest}` to archives.voc2012 in params.yaml" in capsys.readouterr().err
    assert archive_files(load_params(), "datasets", "voc")[0].read_bytes() == packed
    # Also where the cache knows nothing of it, as on another machine.
    shutil.rmtree(tmp_path / "cache")
    server.files[f"/{FILE}"] = packed + bytes(512)
    with pytest.raises(UserError, match=f"another file \\(expected sha256:{digest}, found"):
        archive_files(load_params(), "datasets", "voc")


def test_a_file_of_ones_own_is_taken(server: Server, packed: bytes, params: Params, tmp_path: Path) -> None:
    own = tmp_path / "mine.tar"
    own.write_bytes(packed)
    set_up(server, packed, Path(), path=str(own))
    download.main()
    assert archive_files(load_params(), "datasets", "voc") == [own]
    assert server.log == []


def test_a_server_that_is_gone_is_one_line_and_no_record(server: Server, packed: bytes, params: Params) -> None:
    set_up(server, packed, Path(), urls=[f"{server.url}/gone"])
    with pytest.raises(UserError, match=r"could not be fetched for voc2012: .*/gone: 404 Not Found\. Run again later"):
        download.main()
    assert not Path("data/archives/datasets/voc.json").exists()


def test_a_data_set_with_neither_path_nor_archive_is_named(project: Path) -> None:
    change(project, lambda params: params["needs"]["datasets"].pop("voc"))
    write_json("data/archives/datasets/voc.json", [])
    with pytest.raises(UserError, match=r"datasets\.voc\.source has no path, and needs\.datasets\.voc no archive"):
        dataset_tree(load_params(), "voc")


def test_a_clone_pulls_what_was_prepared_and_downloads_nothing(
    server: Server, packed: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository, clone, remote = (tmp_path / name for name in ("repository", "clone", "remote"))
    new_repository(repository)
    set_up(server, packed, repository)
    assert repro(repository, "prepare@voc") == ["download", "prepare@voc"]
    assert len(server.log) == 1
    config = repository / ".dvc/config"
    config.write_text(f"{config.read_text()}    remote = shared\n['remote \"shared\"']\n    url = {remote}\n")
    run(repository, "git", "add", "-A")
    run(repository, "git", "commit", "-qm", "prepared")
    run(repository, "dvc", "push", "-q", "download", "prepare@voc")
    pushed = [path.read_bytes() for path in remote.rglob("*") if path.is_file()]
    assert pushed
    assert all(packed != content and packed[512:1024] not in content for content in pushed)

    monkeypatch.setenv("GROUPSEG_CACHE", str(tmp_path / "empty"))
    run(tmp_path, "git", "clone", "-q", str(repository), str(clone))
    run(clone, "dvc", "pull", "-q", "download", "prepare@voc")
    made = {path.name: path.read_bytes() for path in (repository / "data/prepared/voc").iterdir()}
    assert {path.name: path.read_bytes() for path in (clone / "data/prepared/voc").iterdir()} == made
    assert repro(clone, "prepare@voc") == []
    # Another mirror, and another archive beside it: neither fetches the first again.
    set_up(server, packed, clone, urls=[f"{server.url}/moved"])
    assert repro(clone, "prepare@voc") == ["download"]
    assert len(server.log) == 1
    assert not (tmp_path / "empty").exists()
