"""Exports of annotation tools: what each is taken for, and that the section written reads it as it was drawn."""

from pathlib import Path

import numpy as np
import pytest

from groupseg.datasets.shards import read_prepared_classes, read_samples
from groupseg.io.files import read_json
from groupseg.onboard.find import look
from stages import prepare
from tests.commands import call
from tests.datasets.exports import EXPORTS, Export


@pytest.mark.parametrize("name", EXPORTS)
def test_the_section_that_is_written_reads_what_was_drawn(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    export: Export = EXPORTS[name](folder)
    assert call("data", "init", str(folder), "--name", "mine", "--run") == 0
    out = capsys.readouterr().out
    assert f"taken for an export of {export.tool}" in out
    assert "To mend" not in out

    prepare.main("mine")
    prepared = project / "data/prepared/mine"
    classes, background = read_prepared_classes(prepared)
    assert classes[: len(export.classes)] == tuple(export.classes)
    assert background == (name != "converted_stuff")
    found = {sample.name: sample.mask for sample in read_samples(prepared, "test")}
    assert found.keys() == export.masks.keys()
    for image, labels in export.masks.items():
        assert np.array_equal(found[image], labels), image
    # What is counted is what is there.
    counted = read_json(prepared / "findings.json")["labels"]
    for index, label in enumerate(export.classes):
        held = [int((labels == index + 1).sum()) for labels in export.masks.values()]
        assert counted[label]["test"] == {"images": np.count_nonzero(held), "pixels": sum(held)}


@pytest.mark.parametrize("name", EXPORTS)
def test_the_words_of_a_published_data_set_are_only_for_its_own_classes(tmp_path: Path, name: str) -> None:
    EXPORTS[name](tmp_path)
    found = look(tmp_path)
    assert isinstance(found.names, str) == (name == "converted_context")
