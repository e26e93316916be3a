"""Commands that run a network, or write its weights for use elsewhere."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from groupseg.errors import UserError
from groupseg.networks.clip.config import Attention


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
