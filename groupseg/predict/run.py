"""From files to files: label maps, segments and overlays of every image that can be read."""

import gc
import os
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from tqdm import tqdm

from groupseg.errors import UserError, printable
from groupseg.extras import extra
from groupseg.io.files import atomic_path, sha256, write_json
from groupseg.io.plain_file import check_plain_file
from groupseg.predict.inputs import Pixels, Source, find_sources
from groupseg.predict.naming import Naming, find_naming
from groupseg.predict.result import Result
from groupseg.report.palette import palette

if TYPE_CHECKING:
    from groupseg.explore.predicted import PredictedPage

_DRAWINGS = (
    "{model} is of the kind that is trained here, by default on drawings: what it says of photographs then means"
    " nothing. Published weights: `dvc exp run -S run.name=groupvit -S run.model=groupvit_gcc_yfcc"
    " -S 'run.corpora=[]' train` fetches them, and --model models/groupvit_gcc_yfcc.safetensors takes them."
)


def predict_files(
    inputs: Sequence[Path],
    model: Path,
    out: Path,
    *,
    classes: str | None = None,
    strategy: Path | None = None,
    every: int = 1,
    overlays: bool = True,
    explorer: bool = False,
    **options: Any,
) -> int:
    """Segments what can be read, and writes what `write_result` says, and `classes.txt`.

    Args:
        inputs: Images, folders of images, videos.
        model: File of weights.
        out: Folder of the results.
        classes: See `groupseg.predict.naming.class_list`.
        strategy: File of a calibration, or None.
        every: Of a video, each how-manyeth frame.
        overlays: Whether to draw pictures.
        explorer: Whether to write `explorer.html`, on which one moves the threshold.
        options: See `groupseg.predict.naming.find_naming`.

    Returns:
        How many images there were.

    Raises:
        UserError: At once if an argument is wrong or nothing can be written; in the end if an input could not be read.
    """
    sources = find_sources(inputs, every, out)
    check_plain_file(model, "a file of weights, such as models/scenes_small.safetensors")
    naming = find_naming(classes, strategy, _digest(model), **options)
    with atomic_path(out / "classes.txt") as path:
        path.write_text("\n".join(naming.classes) + "\n", encoding="utf-8")
    # Loading takes seconds: what is wrong with the arguments has been said by now.
    with _no_collection():
        from groupseg.predict.segmenter import Segmenter

        segmenter = Segmenter.from_pretrained(model)
    if segmenter.is_small:
        print(f"warning: {_DRAWINGS.format(model=model)}", file=sys.stderr)
    names: deque[tuple[str, Source]] = deque()
    failed: set[Source] = set()
    page = _page(naming) if explorer else None
    done, total = 0, sum(source.count() for source in sources)
    with tqdm(total=total or None, desc="predict", unit="image", disable=None) as bar:
        for result in segmenter.attempt(_readable(sources, names, failed), naming):
            name, source = names.popleft()
            if isinstance(result, UserError):
                _tell(failed, source, f"{name}: {result}")
                continue
            write_result(result, out, name, overlays)
            if page:
                page.add(os.fsencode(name).decode(), result)
            done += 1
            bar.update()
    if page:
        page.write(out / "explorer.html")
    if failed:
        raise UserError(f"{len(failed)} of {len(sources)} inputs could not be read; {out} holds what the others gave.")
    return done


def _page(naming: Naming) -> "PredictedPage":
    with extra("report"):
        from groupseg.explore.predicted import PredictedPage

    return PredictedPage(naming)


def _digest(model: Path) -> str:
    try:
        return sha256(model)
    except OSError as error:
        raise UserError(f"{model} cannot be read: {error.strerror}. Give a file of weights.") from error


def write_result(result: Result, out: Path, name: str, overlays: bool) -> None:
    """Writes the files of an image.

    - `labels/<name>.png`: the label of each pixel, 0 = background, c = line c of `classes.txt`; with a palette up to
      254 classes, else 16-bit grey,
    - `segments/<name>.png`: the segment of each pixel, 8- or 16-bit grey,
    - `segments/<name>.json`: what `Result.to_json` says,
    - `overlays/<name>.jpg`: `Result.overlay`, where `overlays`.

    Raises:
        UserError: If one cannot be written.
    """
    _save(_label_picture(result), out / "labels" / f"{name}.png", "PNG")
    numbers = result.map.astype(np.uint8 if len(result.segments) <= 256 else np.uint16)
    _save(Image.fromarray(numbers), out / "segments" / f"{name}.png", "PNG")
    # In a locale that is not UTF-8 the name of a file is not what it says.
    said = os.fsencode(name).decode()
    write_json(out / "segments" / f"{name}.json", {"image": said, **result.to_json()}, decimals=6)
    if overlays:
        # Letters stay sharp where colour has the resolution of brightness.
        _save(result.overlay(), out / "overlays" / f"{name}.jpg", "JPEG", quality=92, subsampling=0)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keeps all objects that are made for good.

    Libraries and weights are a million objects that stay: looking for garbage among them, now and at the exit, takes a
    third of the time that a single image takes from the shell.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _label_picture(result: Result) -> Image.Image:
    if len(result.classes) > 254:
        return Image.fromarray(result.labels.astype(np.uint16))
    picture = Image.fromarray(result.labels.astype(np.uint8))
    picture.putpalette(palette(len(result.classes)).tobytes())
    return picture


def _save(picture: Image.Image, path: Path, kind: str, **options: int) -> None:
    with atomic_path(path) as temporary:
        picture.save(temporary, kind, **options)


def _readable(sources: Sequence[Source], names: deque[tuple[str, Source]], failed: set[Source]) -> Iterator[Pixels]:
    """Hands out images, keeps their names, and goes on where a source cannot be read."""
    for source in sources:
        try:
            for picture in source.pictures():
                names.append((picture.name, source))
                yield picture.image
        except UserError as error:
            _tell(failed, source, str(error))
        except MemoryError:
            _tell(failed, source, f"{source.name}: it takes more memory than there is. Scale it down.")


def _tell(failed: set[Source], source: Source, why: str) -> None:
    """Notes that a source could not be read, and says why."""
    failed.add(source)
    tqdm.write(f"error: {printable(why)}", file=sys.stderr)
