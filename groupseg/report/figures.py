"""Writes every figure of a run: charts as SVG, pictures as PNG."""

from groupseg.report.album import Album, extremes, quantiles
from groupseg.report.cures import cures_figure
from groupseg.report.exhibits import exhibits
from groupseg.report.grid import PictureGrid
from groupseg.report.history import history_figure
from groupseg.report.ladders import ladders_figure
from groupseg.report.results import DatasetResults, Results, read_csv
from groupseg.report.style import save_figure
from groupseg.report.tables import percent

# Of the test images ordered by what they gain: one of the good ones, the middle one, and one of the losses.
_LEVELS = (0.1, 0.5, 0.9)


def write_figures(results: Results, pictures: int) -> None:
    """Writes the figures.

    Args:
        results: The results.
        pictures: How many test images to show of each data set, half of them gains and half losses.

    Raises:
        UserError: If a file that is needed is missing or damaged, or a figure cannot be written.
    """
    folder = results.folder / "figures"
    levels = ", ".join(f"{level:.0%}" for level in _LEVELS)
    rule = f"Rows: of the test images ordered by how many pixels the best strategy gains, those at {levels}."
    if results.history:
        save_figure(history_figure(read_csv(results.history, ("step", "loss"))), folder / "history.svg")
    overview = PictureGrid(next((dataset.credit for dataset in results.datasets if dataset.credit), ""), rule)
    for dataset in results.datasets:
        for exhibit in exhibits(dataset):
            if exhibit.draw:
                save_figure(exhibit.draw(dataset), folder / f"{exhibit.name}_{dataset.name}.svg")
        album = Album(results, dataset)
        _gallery(dataset, album, pictures).draw().save(folder / f"pictures_{dataset.name}.png")
        _add_overview(overview, dataset, album)
    overview.draw().save(folder / "predictions.png")
    save_figure(ladders_figure(results.datasets), folder / "ladders.svg")
    save_figure(cures_figure(results), folder / "cures.svg")


def _gallery(dataset: DatasetResults, album: Album, pictures: int) -> PictureGrid:
    """Good and bad cases: where the best strategy gains most over the baseline, and where it loses most."""
    grid = PictureGrid(dataset.credit)
    titles = ("", "ground truth", dataset.baseline, dataset.best, "label oracle")
    for title, rows in zip(
        ("Largest gains", "Largest losses"), extremes(album.right(dataset.best), pictures), strict=True
    ):
        if rows:
            grid.heading((title, *titles[1:]))
        for row in rows:
            grid.example(album.example(row, dataset.best), album.classes)
    return grid


def _add_overview(grid: PictureGrid, dataset: DatasetResults, album: Album) -> None:
    """Adds a few typical images of a data set, titled with the mIoU of each column."""
    best = dataset.best
    figures = (dataset.strategies[dataset.baseline], dataset.strategies[best], dataset.oracle)
    scores = [f"mIoU {percent(values['miou'])} %" for values in figures]
    titles = (dataset.name, "ground truth", dataset.baseline, f"calibrated: {best}", "label oracle")
    grid.heading(titles, ("", "", *scores))
    for row in quantiles(album.right(best), _LEVELS):
        grid.example(album.example(row, dataset.best), album.classes)
