"""Files of tensors, of which nothing is ever run."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from groupseg.errors import UserError
from groupseg.io.tensors import check_shapes, read_tensors

TENSORS = {"a.weight": torch.arange(6.0).view(2, 3), "b": torch.tensor(2)}


class Code:
    """Makes a folder when it is unpickled the usual way."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: {"model": x}, lambda x: {"state_dict": x, "epoch": 1}])
def test_tensors_are_found_alone_or_in_a_checkpoint(wrap: Callable[[Any], Any], tmp_path: Path) -> None:
    torch.save(wrap(TENSORS), tmp_path / "weights.pth")
    found = read_tensors(tmp_path / "weights.pth")
    assert found.keys() == TENSORS.keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in TENSORS.items())


def test_a_pickle_with_code_is_refused_and_not_run(tmp_path: Path) -> None:
    torch.save({**TENSORS, "c": Code(tmp_path / "made")}, tmp_path / "weights.pth")
    with pytest.raises(UserError, match=r"weights\.pth is refused: beside tensors it holds objects") as error:
        read_tensors(tmp_path / "weights.pth")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("save", [torch.save, save_file])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_part_of_a_file_is_said_to_be_one(save: Callable[[Any, Path], None], share: float, tmp_path: Path) -> None:
    path = tmp_path / "weights"
    save(TENSORS, path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(UserError, match=r"weights is no file of weights, or only a part of one") as error:
        read_tensors(path)
    assert "\n" not in str(error.value)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.pth is missing"):
        read_tensors(tmp_path / "none.pth")


@pytest.mark.parametrize("content", [[torch.zeros(1)], {"a": 1, "b": torch.zeros(1)}, {"model": [1, 2]}])
def test_a_file_of_something_else(content: object, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "weights.pth")
    with pytest.raises(UserError, match="must hold tensors by name, or such under the key `model` or `state_dict`"):
        read_tensors(tmp_path / "weights.pth")


def test_only_some_of_many_faults_are_named() -> None:
    wanted = {f"block.{index}": (2,) for index in range(30)}
    with pytest.raises(UserError, match=r"block\.0 is missing; .*; and 24 more\. Give the file") as error:
        check_shapes("file", {}, wanted)
    assert str(error.value).count("is missing") == 6
    check_shapes("file", wanted, wanted)
