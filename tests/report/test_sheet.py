import numpy as np

from groupseg.report.album import Album, extremes
from groupseg.report.palette import paint
from groupseg.report.results import Results
from groupseg.report.sheet import CELL, draw_sheet
from tests.results import STRATEGIES


def test_each_strategy_has_the_image_where_it_wins_and_the_one_where_it_loses(
    results: Results, written: list[tuple[float, str, float]]
) -> None:
    dataset = results.datasets[0]
    album = Album(results, dataset)
    canvas = np.asarray(draw_sheet(dataset, album).image)
    texts = [text for _, text, _ in written]
    others = [name for name in dataset.ranking if name != "fixed"]
    assert [text for text in texts if text in STRATEGIES and text != "fixed"] == others
    assert dataset.credit in texts
    for name in others:
        gains, losses = extremes(album.right(name), 2)
        for row in (*gains, *losses):
            before, after = album.example(row, name).right
            assert any(text.startswith(f"right: {100 * before:.0f} % → {100 * after:.0f} %; ") for text in texts)
    row = extremes(album.right(others[0]), 2)[0][0]
    example = album.example(row, others[0])
    scale = CELL // max(example.image.shape[:2])
    expected = np.kron(paint(example.maps[2], len(album.classes)), np.ones((scale, scale, 1), dtype=np.uint8))
    windows = np.lib.stride_tricks.sliding_window_view(canvas, expected.shape)[:200, :, 0]
    assert any(
        (windows[y, x] == expected).all() for y, x in np.argwhere((windows[..., 0, 0, :] == expected[0, 0]).all(-1))
    )
