"""What everything is made from: archives are fetched and on record; own files and code are noted by their digests."""

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from groupseg.datasets.shards import read_samples
from groupseg.errors import UserError
from groupseg.io.files import read_json, sha256, write_json
from groupseg.strategies.registry import STRATEGIES
from stages import paths, prepare, sources
from stages.archives import archive_files, dataset_tree
from stages.params import load_params
from stages.schema import Params
from stages.sources import KINDS, PARAMETERS, files_digest
from tests.datasets.layouts import VAL, pack
from tests.sources.server import Server
from tests.stages.small import set_params
from tests.stages.test_repro import new_repository, repro, run

ROOT = Path(__file__).parents[2]
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


def set_up(server: Server, packed: bytes, **archive: Any) -> None:
    """Lets VOC run, from that server."""
    served = {"file": FILE, "urls": [f"{server.url}/{FILE}"], "licence": "research", "terms": "https://a.org/terms"}
    known = {"sha256": hashlib.sha256(packed).hexdigest(), "size": len(packed)}
    set_params(
        {
            "run.datasets": ["scenes20", "voc"],
            "datasets.voc.source.calib": 2,
            "archives.voc2012": {key: value for key, value in (served | known | archive).items() if value},
        }
    )


@pytest.fixture
def params(server: Server, packed: bytes, project: Path) -> Params:
    """A folder to run stages in, with code, whose params.yaml names that server."""
    for package in ("groupseg", "stages"):
        (project / package).symlink_to(ROOT / package)
    set_up(server, packed)
    return load_params()


def archives(name: str = "voc", kind: str = "datasets") -> Any:
    return read_json(paths.source(kind, name))["archives"]


def test_everything_that_runs_has_a_record_and_what_it_needs_is_fetched(
    server: Server, packed: bytes, params: Params, capsys: pytest.CaptureFixture[str]
) -> None:
    sources.main()
    assert archives() == [{"name": "voc2012", "file": FILE, "digest": f"sha256:{hashlib.sha256(packed).hexdigest()}"}]
    running = {
        "datasets": params.run.datasets,
        "corpora": params.run.corpora,
        "models": [params.run.model, *params.run.variants],
    }
    for kind, names in running.items():
        assert {path.stem for path in paths.source(kind, "any").parent.iterdir()} == set(names)
        for name in names:
            assert name == "voc" or archives(name, kind) == []
    assert "for voc2012. Terms: research; https://a.org/terms" in capsys.readouterr().err
    assert len(server.log) == 1
    (path,) = archive_files(params, "datasets", "voc")
    assert path.read_bytes() == packed
    assert archive_files(params, "models", "scenes_small") == []


def test_the_code_of_every_stage_and_of_every_rule_is_noted(params: Params) -> None:
    sources.main()
    notes = {path.stem: read_json(path) for path in paths.SOURCES.glob("*.json")}
    assert set(notes) == PARAMETERS.keys() - KINDS.keys()
    records = {
        "calibrate": ["calibration"],
        "studies": ["learning", "vocabulary"],
        "variant": ["figures"],
        "unseen": ["figures"],
        "two_stage": ["figures"],
    }
    assert all(set(notes[stage][name]) == set(STRATEGIES) for stage, names in records.items() for name in names)
    # Trained by the same code, by other parameters.
    assert len({read_json(path)["code"] for path in (paths.SOURCES / "train").iterdir()}) == 1


def test_what_is_made_beside_the_stages_is_noted_for_the_report(params: Params) -> None:
    def noted() -> Any:
        sources.main()
        return read_json(paths.note("report"))["beside"]

    assert noted() == {}
    folder = paths.results(params)
    shown = [folder / f"variants/{params.run.variants[0]}.json", folder / "unseen.json"]
    for path in (*shown, folder / "variants/other.json"):
        write_json(path, {"of": path.name})
    before = noted()
    assert before == {path.name: sha256(path) for path in shown}
    write_json(shown[0], {"of": "another training"})
    assert noted() != before
    assert "beside" not in read_json(paths.note("track"))


def test_a_parameter_is_noted_for_the_stages_that_read_it(params: Params) -> None:
    def noted() -> dict[str, Any]:
        sources.main()
        return {str(path.relative_to(paths.SOURCES)): read_json(path) for path in paths.SOURCES.rglob("*.json")}

    before = noted()
    set_params({"strategies.fixed.threshold": 0.5, "datasets.scenes20.prompts.templates": ["a {}."]})
    after = noted()
    readers = {"calibrate.json", "embed_text/scenes20.json", "studies.json"}
    assert {name for name in before if before[name] != after[name]} == readers
    assert after["calibrate.json"]["parameters"]["strategies"]["fixed"]["params"]["threshold"] == 0.5


def test_a_changed_line_counts_where_it_runs_and_a_comment_nowhere(params: Params) -> None:
    def noted() -> dict[str, Any]:
        sources.main()
        return {str(path.relative_to(paths.SOURCES)): read_json(path) for path in paths.SOURCES.rglob("*.json")}

    package = Path("groupseg")
    package.unlink()
    shutil.copytree(ROOT / package, package, ignore=shutil.ignore_patterns("__pycache__"))
    before, rule = noted(), package / "strategies/floss.py"
    rule.write_text(f"# A remark.\n{rule.read_text()}")
    assert noted() == before
    rule.write_text(f"{rule.read_text()}\nCHANGED = 1\n")
    after = noted()
    # All that knows every rule by its name; and of the records, those of this rule alone.
    assert not [name for name in before if before[name] != after[name] and name.startswith(("prepare", "train"))]
    for name, note in after.items():
        for record in sources.RECORDS.get(note["stage"], ()):
            assert [one for one in note[record] if note[record][one] != before[name][record][one]] == ["floss"]


def test_a_folder_is_known_by_the_names_and_contents_of_its_files(tmp_path: Path) -> None:
    folder, digests = tmp_path / "mine", []
    assert files_digest(folder) is None
    (folder / "images").mkdir(parents=True)
    (folder / "images/caf\udce9.jpg").write_bytes(b"one")
    digests.append(files_digest(folder))
    (folder / "images/.hidden").write_bytes(b"two")
    (folder / "empty").mkdir()
    assert files_digest(folder) == digests[-1]
    (folder / "classes.txt").write_bytes(b"cat")
    digests.append(files_digest(folder))
    (folder / "classes.txt").write_bytes(b"dog")
    digests.append(files_digest(folder))
    (folder / "classes.txt").rename(folder / "names.txt")
    digests.append(files_digest(folder))
    (folder / "images\\b.jpg").write_bytes(b"three")
    digests.append(files_digest(folder))
    assert len(set(digests)) == 5
    assert files_digest(folder.rename(tmp_path / "moved")) == digests[-1]


def test_own_files_are_noted_and_no_archive(params: Params) -> None:
    set_params({"run.datasets": ["folder"], "datasets.folder.source.path": "mine.zip"})
    path = Path("data/raw/mine.zip")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"zip")
    sources.main()
    note = read_json(paths.source("datasets", "folder"))
    assert set(note) == {"stage", "name", "code", "files", "parameters"}
    assert note["files"] == hashlib.sha256(b"zip").hexdigest()


def test_what_no_longer_runs_leaves_no_record(params: Params) -> None:
    write_json(paths.source("datasets", "other"), {"archives": []})
    write_json(paths.note("other"), {"code": "a"})
    sources.main()
    assert not paths.source("datasets", "other").exists()
    assert not paths.note("other").exists()
    assert archives()


def test_what_is_on_record_is_fetched_by_whoever_needs_it(
    server: Server, packed: bytes, params: Params, tmp_path: Path
) -> None:
    sources.main()
    shutil.rmtree(tmp_path / "cache")
    set_up(server, packed, urls=[f"{server.url}/gone", f"{server.url}/{FILE}"])
    sources.main()
    assert len(server.log) == 1
    prepare.main("voc")
    assert [entry.path for entry in server.log[1:]] == ["/gone", f"/{FILE}"]
    assert [sample.name for sample in read_samples(paths.prepared("voc"), "test")] == sorted(VAL)


def test_another_digest_is_another_archive(server: Server, packed: bytes, params: Params) -> None:
    sources.main()
    server.files[f"/{FILE}"] = packed + bytes(512)
    set_up(server, server.files[f"/{FILE}"])
    message = r"prepare/voc\.json is missing, or of other archives than needs\.datasets\.voc names\. Run `dvc repro so"
    with pytest.raises(UserError, match=message):
        archive_files(load_params(), "datasets", "voc")
    sources.main()
    assert archives()[0]["digest"] == f"sha256:{hashlib.sha256(packed + bytes(512)).hexdigest()}"
    assert len(server.log) == 2


def test_without_a_digest_the_one_on_record_holds(
    server: Server, packed: bytes, params: Params, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up(server, packed, sha256=None, size=None)
    sources.main()
    digest = hashlib.sha256(packed).hexdigest()
    assert archives()[0]["digest"] == f"sha256:{digest}"
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
    set_up(server, packed, path=str(own))
    sources.main()
    assert archive_files(load_params(), "datasets", "voc") == [own]
    assert server.log == []


def test_a_server_that_is_gone_is_one_line_and_no_record(server: Server, packed: bytes, params: Params) -> None:
    set_up(server, packed, urls=[f"{server.url}/gone"])
    with pytest.raises(UserError, match=r"could not be fetched for voc2012: .*/gone: 404 Not Found\. Run again later"):
        sources.main()
    assert not paths.SOURCES.exists()


def test_a_data_set_with_neither_path_nor_archive_is_named(project: Path) -> None:
    set_params({"needs.datasets.voc": []})
    write_json(paths.source("datasets", "voc"), {"archives": []})
    with pytest.raises(UserError, match=r"datasets\.voc\.source has no path, and needs\.datasets\.voc no archive"):
        dataset_tree(load_params(), "voc")


def test_a_clone_pulls_what_was_prepared_and_downloads_nothing(
    server: Server, packed: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository, clone, remote = (tmp_path / name for name in ("repository", "clone", "remote"))
    new_repository(repository)
    monkeypatch.chdir(repository)
    monkeypatch.setenv("GROUPSEG_WORKERS", "1")
    set_up(server, packed)
    assert repro(repository, "prepare@voc") == ["sources", "prepare@voc"]
    assert len(server.log) == 1
    config = repository / ".dvc/config"
    config.write_text(f"{config.read_text()}    remote = shared\n['remote \"shared\"']\n    url = {remote}\n")
    run(repository, "git", "add", "-A")
    run(repository, "git", "commit", "-qm", "prepared")
    run(repository, "dvc", "push", "-q", "sources", "prepare@voc")
    pushed = [path.read_bytes() for path in remote.rglob("*") if path.is_file()]
    assert pushed
    assert all(packed != content and packed[512:1024] not in content for content in pushed)

    monkeypatch.setenv("GROUPSEG_CACHE", str(tmp_path / "empty"))
    run(tmp_path, "git", "clone", "-q", str(repository), str(clone))
    run(clone, "dvc", "pull", "-q", "sources", "prepare@voc")
    made = {path.name: path.read_bytes() for path in (repository / "data/prepared/voc").iterdir()}
    assert {path.name: path.read_bytes() for path in (clone / "data/prepared/voc").iterdir()} == made
    # Another mirror, and another archive beside it: neither fetches the first again.
    monkeypatch.chdir(clone)
    set_up(server, packed, urls=[f"{server.url}/moved"])
    assert repro(clone, "prepare@voc") == ["sources"]
    assert len(server.log) == 1
    assert not (tmp_path / "empty").exists()
