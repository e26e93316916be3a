"""The page for the terminal."""

from collections.abc import Sequence

from groupseg.check.findings import outline, survey_findings
from groupseg.check.survey import Survey, SurveySplit
from groupseg.report.tables import NOTHING, percent

_BAR = 24
_EIGHTHS = " ▏▎▍▌▋▊▉"


def survey_text(survey: Survey) -> str:
    """Writes what the data set holds: what stands out, its splits, and its labels with their share of the pixels."""
    found = [f"- {line}" for line in survey_findings(survey)] or ["Nothing stands out."]
    head = f"{survey.name}: {outline(survey)}"
    return "\n".join([head, "", *found, "", *_splits(survey), "", *_labels(survey)])


def size_of(split: SurveySplit) -> str:
    """Says how large the images of a split are: one size, or the smallest and largest side and the median size."""
    width, height = (int(value) for value in sorted(split.sizes.tolist())[len(split.sizes) // 2])
    low, high = int(split.sizes.min()), int(split.sizes.max())
    one = (split.sizes == split.sizes[0]).all()
    return f"{width}x{height}" if one else f"{width}x{height} ({low} to {high})"


def _splits(survey: Survey) -> list[str]:
    rows = [["split", "images", "median size (sides)", "ignored, %", "classes per image", "labels missing"]]
    for name, split in survey.splits.items():
        classes = (split.pixels[:, 1:-1] > 0).sum(axis=1).mean()
        cells = [f"{len(split.keys):,}", size_of(split), percent(split.ignored), f"{classes:.1f}"]
        rows.append([name, *cells, str(len(survey.missing(name)))])
    return _laid_out(rows)


def _labels(survey: Survey) -> list[str]:
    heading = ["label"]
    for name in survey.splits:
        heading += [f"{name}: images", "pixels, %"]
    shares = list(survey.splits.values())[-1].shares
    rows = [[*heading, ""]]
    for label in survey.labels:
        cells = [survey.label_name(label)]
        for split in survey.splits.values():
            cells += [f"{split.images[label]:,}", percent(split.shares[label], 2) if split.images[label] else NOTHING]
        # Background is mostly so much larger that no class would have a bar beside it.
        rows.append([*cells, _bar(shares[label] / max(shares[1:].max(), 1e-12)) if label else ""])
    return _laid_out(rows, last_left=True)


def _bar(share: float) -> str:
    """Draws a bar of a share of the full length, to an eighth of a letter."""
    whole, part = divmod(round(share * _BAR * 8), 8)
    return ("█" * whole + _EIGHTHS[part]).rstrip()


def _laid_out(rows: Sequence[Sequence[str]], last_left: bool = False) -> list[str]:
    """Lays out cells in columns, the first flush left and the others right; the last left too, if so asked."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
        cells[0] = row[0].ljust(widths[0])
        if last_left:
            cells[-1] = row[-1]
        lines.append("  ".join(cells).rstrip())
    return lines
