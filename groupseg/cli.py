"""The command line."""

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import typer

from groupseg.errors import UserError, printable
from groupseg.extras import extra
from groupseg.networks.clip.config import Attention
from groupseg.terminal import read_names_as_utf8, show_any_name

commands = typer.Typer(
    help="Zero-shot segmentation and its background decision. Run in the folder of the project.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

data = typer.Typer(help="Data sets: look at them, bring in your own.", no_args_is_help=True)
commands.add_typer(data, name="data")
weights = typer.Typer(help="Files of weights.", no_args_is_help=True)
commands.add_typer(weights, name="weights")

_ROOT = Path()

# What brings the libraries of a command; the others are for the folder of a project, and need all of them.
_EXTRAS = {"predict": "clip", "weights": "clip", "export": "export", "explore": "report", "track": "track"}


class Layout(StrEnum):
    """How a comparison is written; the keys of `groupseg.compare.output.LAYOUTS`."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


# Each command imports what it needs itself, so that none waits for the libraries of another.
@commands.command()
def track() -> None:
    """Sends to MLflow the results that it does not have yet."""
    from groupseg.report.results import read_results
    from groupseg.tracking import runs as tracking

    tracking.track(read_results(_ROOT))


@commands.command()
def why(
    dataset: Annotated[str, typer.Argument(help="A data set, such as scenes59.")],
    strategy: Annotated[str, typer.Argument(help="A strategy, such as fixed.")],
) -> None:
    """Says whether a calibration is up to date, and what has changed since it was made."""
    from groupseg.why import why as explain

    print(explain(_ROOT, dataset, strategy))


@commands.command()
def report() -> None:
    """Writes the report again from the results that are there, and the explorer where it is missing or out of date."""
    from groupseg.explore.page import keep_explorer
    from groupseg.report.page import write_page
    from groupseg.report.results import read_results

    results = read_results(_ROOT)
    try:
        print(keep_explorer(results))
    except UserError as error:  # Results come with git, what the explorer shows with `dvc pull`.
        print(f"warning: the explorer is not written. {error}", file=sys.stderr)
    print(write_page(results, Path(os.environ.get("DVC_ROOT", _ROOT)) / ".work/timings"))


@commands.command()
def explore(
    dataset: Annotated[list[str] | None, typer.Option(help="A data set to show; may be given again. [all]")] = None,
    images: Annotated[int, typer.Option(min=1, max=100_000, help="Test images of each data set.")] = 24,
    out: Annotated[Path | None, typer.Option(help="The page, .html. [explorer.html beside the results]")] = None,
) -> None:
    """Writes the explorer, a page on which one moves thresholds and sees what becomes of pictures and figures."""
    from groupseg.explore.page import write_explorer
    from groupseg.report.results import read_results

    print(write_explorer(read_results(_ROOT), images, dataset, out))


@commands.command()
def readme(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with status 1 if a table is out of date.")
    ] = False,
    published: Annotated[str, typer.Option("--run", help="Name of the run that the pages show.")] = "scenes",
) -> None:
    """Brings the tables of results in README.md and docs/ up to date."""
    from groupseg.report.pages import page_blocks, update_page
    from groupseg.report.results import read_results

    results = read_results(_ROOT)
    if results.name != published:
        raise UserError(
            f"The pages show the run {published!r}, but params.yaml says run.name={results.name}. Set it back, or say"
            f" `groupseg readme --run {results.name}` to publish this one instead."
        )
    pages = [_ROOT / "README.md", *sorted(_ROOT.glob("docs/*.md"))]
    blocks = {page: page_blocks(page, results) for page in pages}
    changed = ", ".join(str(page) for page in blocks if update_page(page, blocks[page], write=not check))
    if changed and check:
        raise UserError(f"The tables in {changed} are not those of results/. Run `groupseg readme` and commit.")
    print(f"{changed}: tables brought up to date." if changed else "All tables are up to date.")


@commands.command()
def summary() -> None:
    """Prints the table of results and where the report lies."""
    from groupseg.report.results import read_results
    from groupseg.report.tables import plain

    results = read_results(_ROOT)
    print(plain(results))
    page = results.folder / "report.html"
    print(f"\nReport: {page.resolve()}" if page.exists() else "\nReport: not written yet; run `groupseg report`.")


@commands.command()
def compare(
    a: Annotated[str, typer.Argument(help="A git revision, an experiment of `dvc exp`, or `workspace`.")] = "HEAD",
    b: Annotated[str, typer.Argument(help="Likewise; the differences are B - A.")] = "workspace",
    layout: Annotated[Layout, typer.Option("--format", help="How it is written.")] = Layout.TEXT,
    resamples: Annotated[
        int,
        typer.Option(min=1, max=1_000_000, help="Resamples of the images; no p-value is below 1 / (resamples + 1)."),
    ] = 2000,
) -> None:
    """Compares the mIoU of two revisions: which strategies changed, and which by more than chance, image by image.

    What did not change is counted, and named by `--format json`.
    """
    from groupseg.compare.differences import compare_revisions
    from groupseg.compare.output import LAYOUTS
    from groupseg.compare.revisions import read_revisions

    print(LAYOUTS[layout](compare_revisions(*read_revisions(a, b), resamples)))


@data.command("check")
def check_data(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Data sets that are prepared.")],
) -> None:
    """Shows what prepared data sets hold: here, and with pictures on a page for the browser."""
    from groupseg.check.page import write_check
    from groupseg.check.survey import survey
    from groupseg.check.terminal import as_text

    for name in names:
        found = survey(_ROOT, name)
        page = _ROOT / "data/check" / f"{name}.html"
        write_check(found, page)
        print(f"{as_text(found)}\n\nPictures: {page.resolve()}\n")


@data.command("init")
def init_data(
    folder: Annotated[Path, typer.Argument(help="Where images and labels lie: a folder, a zip or a tar.")],
    name: Annotated[str, typer.Option(help="What the data set is called; else after the folder.")] = "",
    annotations: Annotated[str, typer.Option(help="Of several JSONs in the format of COCO, which one.")] = "",
    form: Annotated[
        str, typer.Option("--format", help="Of several data sets, that of this `source.format`, such as voc.")
    ] = "",
    run: Annotated[bool, typer.Option("--run", help="Also say in params.yaml that this data set runs.")] = False,
    skip_unmatched: Annotated[
        bool, typer.Option("--skip-unmatched", help="Leave out images without a mask, and masks without an image.")
    ] = False,
) -> None:
    """Looks at images and labels of your own, says what it found, and writes their section of params.yaml."""
    from groupseg.io.yaml_file import read_yaml
    from groupseg.onboard.find import look
    from groupseg.onboard.output import as_text, next_steps, write_named
    from groupseg.onboard.section import add_dataset, data_set_name, place

    params = _ROOT / "params.yaml"
    called = data_set_name(folder, name)
    path, top = place(params, folder)
    found = look(folder, annotations or None, skip_unmatched, form or None)
    print(as_text(folder, found))
    names = _ROOT / "data/check" / f"{called}.txt"
    if write_named(names, found):
        print(f"\nAll of these by name: {names.resolve()}")
    changes = {"name": called, "datasets": [called], **({} if top is None else {"folder": top})} if run else {}
    written = add_dataset(params, called, found.section(path), changes)
    print(f"\n{params}: datasets.{called} {'written' if written else 'is there already'}. Next:")
    print(next_steps(called, top, run, read_yaml(params)))


@commands.command()
def predict(
    inputs: Annotated[list[Path], typer.Argument(help="Images, folders of images, videos.")],
    classes: Annotated[
        str | None,
        typer.Option(help='Words with commas between them, such as "cat, sofa", or a file that lists them.'),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("predictions"),
    model: Annotated[Path, typer.Option(help="File of weights.")] = Path("models/scenes_small.safetensors"),
    strategy: Annotated[
        Path | None, typer.Option(help="A calibration: results/scenes/calibration/<data set>/<strategy>.json.")
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(help="Without a calibration: how far a class must be ahead of background words, in nats. [3]"),
    ] = None,
    refine: Annotated[
        str | None,
        typer.Option(
            help='Without a calibration: how masks are refined by colour, such as "pamr" or "guided, radius 8". [none]'
        ),
    ] = None,
    background: Annotated[
        bool | None, typer.Option("--background/--no-background", help="Whether a segment may be none of the classes.")
    ] = None,
    overlays: Annotated[bool, typer.Option("--overlays/--no-overlays", help="Whether to draw pictures.")] = True,
    explorer: Annotated[
        bool, typer.Option("--explorer", help="Also write a page on which the threshold moves: explorer.html.")
    ] = False,
    every: Annotated[int, typer.Option(min=1, max=1_000_000, help="Of a video, every how-manyeth frame.")] = 1,
) -> None:
    """Segments images, and names the segments by any words or as a calibration says."""
    from groupseg.predict.run import predict_files

    for name, value in {"--threshold": threshold, "--refine": refine}.items():
        if strategy is not None and value is not None:
            raise UserError(f"{name} is for the rule without a calibration. Leave out one, {name} or --strategy.")
    given = {"threshold": threshold, "refine": refine, "with_background": background}
    options = {name: value for name, value in given.items() if value is not None}
    done = predict_files(
        inputs,
        model,
        out,
        classes=classes,
        strategy=strategy,
        every=every,
        overlays=overlays,
        explorer=explorer,
        **options,
    )
    print(f"{done} {'image' if done == 1 else 'images'}: {out / ('overlays' if overlays else 'labels')}")
    if explorer and done:
        print(f"Explorer: {out / 'explorer.html'}")


@commands.command()
def export(
    model: Annotated[Path, typer.Argument(help="File of weights, such as models/scenes_small.safetensors.")],
    out: Annotated[Path, typer.Argument(help="What is written; ends in .onnx or .safetensors.")],
    size: Annotated[
        str | None,
        typer.Option(help="Windows that the ONNX graph reads, 448 or HEIGHTxWIDTH. [those of the model]"),
    ] = None,
) -> None:
    """Writes a network for use elsewhere: as ONNX, held against torch, or as a checked copy of its file."""
    from groupseg.networks.export import export_network, parse_size

    print(export_network(model, out, None if size is None else parse_size(size)))


@weights.command()
def convert(
    source: Annotated[
        Path,
        typer.Argument(
            help="Published weights: a .pth of GroupViT, or the safetensors of transformers; with --clip, those of a "
            "ViT of open_clip or OpenAI."
        ),
    ],
    out: Annotated[Path, typer.Argument(help="What is written; ends in .safetensors.")],
    clip: Annotated[
        str | None, typer.Option(help="Name in open_clip, as ViT-B-16-quickgelu; without it, GroupViT is expected.")
    ] = None,
    attention: Annotated[Attention, typer.Option(help="Of CLIP: how its last block is computed.")] = "naclip",
    clusters: Annotated[
        int, typer.Option(min=0, max=10_000, help="Of CLIP: segments of a window; 0 = every patch is one.")
    ] = 32,
    whole: Annotated[bool, typer.Option("--whole", help="Read images all at once, not through windows.")] = False,
    precision: Annotated[Literal["float32", "bfloat16"], typer.Option(help="Of matrix products.")] = "float32",
) -> None:
    """Checks published weights and puts them into a file that `groupseg predict --model` takes."""
    from groupseg.io.files import sha256
    from groupseg.networks.clip.published import PUBLISHED_RUNS
    from groupseg.networks.convert import convert_weights
    from groupseg.networks.registry import NETWORKS

    if out.suffix != ".safetensors":
        raise UserError(f"{out} must end in .safetensors, which is what is written. Name it so.")
    kind = NETWORKS["groupvit" if clip is None else "clip"]
    given: dict[str, Any] = {}
    frame = kind.section["frame"]
    if clip is not None:
        scale, frame = PUBLISHED_RUNS[attention]
        given = {"name": clip, "attention": attention, "clusters": clusters, "scale": scale}
    frame = replace(frame, crop=None, stride=None) if whole else frame
    convert_weights(source, out, replace(kind.settings, **given), frame, precision)
    print(f"{out}: sha256 {sha256(out)}")


def app(arguments: Sequence[str] | None = None) -> None:
    """Runs a command; what a user can mend is said in one line, with exit status 1.

    Args:
        arguments: The command and its options; those of the process where not given.
    """
    if arguments is None:
        read_names_as_utf8()
    show_any_name()
    try:
        with extra(_EXTRAS.get(_command(arguments), "pipeline")):
            commands(args=arguments)
    except UserError as error:
        from groupseg.restored import damaged_copies

        _fail("\n".join([str(error), *damaged_copies(str(error))]))
    except FileNotFoundError as error:
        _fail(f"{error.filename} is missing. Run `dvc repro`, or `dvc pull`.")
    except MemoryError:
        _fail("memory ran out. Close other programs, or give fewer or smaller images.")
    except OSError as error:
        if error.filename is None:
            raise
        _fail(f"{error.filename}: {error.strerror}. Mend it or its rights.")


def _command(arguments: Sequence[str] | None) -> str:
    """Returns the name of the command; empty if there is none."""
    given = sys.argv[1:] if arguments is None else arguments
    return given[0] if given else ""


def _fail(message: str) -> NoReturn:
    for line in printable(message).splitlines():
        print(f"error: {line}", file=sys.stderr)
    raise SystemExit(1) from None
