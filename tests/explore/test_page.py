"""The page in a real browser, against what Python says. Skipped where there is no browser or no Playwright."""

import base64
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from groupseg.datasets.shards import read_samples
from groupseg.explore.page import write_explorer
from groupseg.metrics.confusion import image_counts
from groupseg.metrics.curve import MARGIN
from groupseg.metrics.iou import iou_summary
from groupseg.predict.predicted_page import PredictedPage
from groupseg.report.album import Album
from groupseg.report.numbers import NOTHING, percent
from groupseg.report.palette import palette
from groupseg.report.results import DatasetResults, Results, read_results
from groupseg.report.roles import LABEL_ORACLE
from groupseg.segments.texts import load_vocabulary
from groupseg.strategies.fixed import Fixed
from groupseg.strategies.registry import load
from groupseg.strategies.scores import image_max
from tests.browser import FAINT, launched
from tests.predict.fakes import segmenter
from tests.results import CLASSES, build
from tests.segments.networks import noise

MOVED = ("fixed", "relative", "cosine")
# Colours of a canvas, transparent pixels as nothing.
PIXELS = """panel => {
  const canvas = document.querySelector(`#panel-${panel} canvas`);
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", {willReadFrequently: true});
  copy.drawImage(canvas, 0, 0);
  const {data} = copy.getImageData(0, 0, canvas.width, canvas.height);
  let text = "";
  for (let i = 0; i < data.length; i += 4096) text += String.fromCharCode(...data.subarray(i, i + 4096));
  return btoa(text);
}"""
# Of each position of the left slider the figures, and the colours of each image; all at once, since asking takes long.
MOVES = f"""([positions, images]) => {{
  const slider = document.querySelector("#slider-a"), pixels = {PIXELS};
  return positions.map(position => {{
    slider.value = position;
    slider.dispatchEvent(new Event("input", {{bubbles: true}}));
    const figures = document.querySelector("#figures-a").textContent;
    return [figures, images.map(key => {{
      document.querySelector(`#thumbs [data-key="${{key}}"]`).click();
      return pixels("a");
    }})];
  }});
}}"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    made = read_results(build(tmp_path_factory.mktemp("project")))
    write_explorer(made)
    return made


@pytest.fixture(scope="module")
def dataset(results: Results) -> DatasetResults:
    return results.datasets[0]


@pytest.fixture(scope="module")
def said() -> list[str]:
    """Errors, warnings and requests of the page, in all tests together."""
    return []


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched() as found:
        yield found


@pytest.fixture(scope="module")
def opened(browser: Any, results: Results, said: list[str]) -> Any:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(30_000)
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: said.append(request.url))
    page.goto((results.folder / "explorer.html").as_uri())
    page.wait_for_selector("#main:not([hidden])")
    return page


@pytest.fixture
def page(opened: Any) -> Any:
    """The page as it is when it is opened."""
    opened.set_viewport_size({"width": 1280, "height": 900})
    opened.locator("#filter").fill("")
    show(opened, "data=alpha")
    return opened


def show(page: Any, address: str) -> None:
    """Shows what an address says."""
    page.evaluate("address => { location.hash = address; }", f"{address}&nothing={np.random.default_rng().random()}")
    page.wait_for_function("document.querySelector('#sets input:checked').value === 'alpha'")
    page.evaluate("() => new Promise(done => setTimeout(done, 0))")


def slide(page: Any, side: str, position: int) -> None:
    page.locator(f"#slider-{side}").evaluate(
        "(slider, to) => { slider.value = to; slider.dispatchEvent(new Event('input', {bubbles: true})); }", position
    )


def pixels(page: Any, panel: str, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Colours of a panel, [H, W, 4]."""
    return decoded(page.evaluate(PIXELS, panel), shape)


def decoded(text: str, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(*shape[:2], 4)


def moved(page: Any, positions: Sequence[int], keys: Sequence[str] = ()) -> list[tuple[list[str], list[str]]]:
    """Figures and colours of some images at positions of the left slider."""
    return [(written(text), colours) for text, colours in page.evaluate(MOVES, [list(positions), list(keys)])]


def figures(page: Any, side: str) -> list[str]:
    """mIoU, IoU of the background and mIoU of the foreground, as they are written."""
    return written(page.locator(f"#figures-{side}").inner_text())


def written(text: str) -> list[str]:
    return re.findall(rf"([\d.]+|{NOTHING}) %", re.sub(r"\[.*?\]", "", text))


def expected_figures(found: dict[str, Any]) -> list[str]:
    # results/ holds six decimals.
    return [percent(round(found[name], 6)) for name in ("miou", "background_iou", "foreground_miou")]


def choose(page: Any, side: str, strategy: str) -> None:
    page.locator(f"#strategy-{side}").select_option(strategy)


def rows(page: Any) -> list[list[str]]:
    texts = "rows => rows.map(row => [...row.cells].map(cell => cell.innerText))"
    found: list[list[str]] = page.locator("#classes tbody tr").evaluate_all(texts)
    return found


def shown(page: Any) -> list[str]:
    """All that a state says in words."""
    return [page.locator(one).inner_text() for one in ("#which", "#at-a", "#figures-a", "#figures-b", "#classes")]


def test_a_threshold_colours_every_pixel_and_gives_the_figures_that_python_says(
    page: Any, results: Results, dataset: DatasetResults
) -> None:
    album = Album(results, dataset)
    vocabulary, _ = load_vocabulary(results.root / "data/text/alpha.safetensors", album.table)
    colours = palette(len(CLASSES))
    images = [album.read(row) for row in range(3)]
    for name in MOVED:
        choose(page, "a", name)
        strategy: Any = load(dataset.calibration[name])
        _, score = strategy.candidates(album.table, vocabulary)
        clamped = isinstance(strategy, Fixed) and strategy.clamp
        kept = score[score < image_max(score, album.table)[album.table.image]] if clamped else score
        thresholds = np.append(np.unique(kept), kept.max() + MARGIN)
        assert page.locator("#slider-a").get_attribute("max") == str(len(thresholds) - 1)
        positions = np.unique(np.linspace(0, len(thresholds) - 1, 20).round().astype(int)).tolist()
        assert len(positions) == 20
        for position, (own, painted) in zip(positions, moved(page, positions, album.table.keys[:3]), strict=True):
            strategy.threshold = float(thresholds[position])
            labels = strategy.predict(album.table, vocabulary)
            assert own == expected_figures(iou_summary(image_counts(album.table, labels)))
            for text, (image, _, segments) in zip(painted, images, strict=True):
                found = decoded(text, image.shape)
                np.testing.assert_array_equal(found[..., :3], colours[labels[segments]])
                assert found[..., 3].min() == 255


def test_every_strategy_has_the_figures_of_the_results(page: Any, dataset: DatasetResults) -> None:
    per_class = dataset.tables["per_class"].set_index("class")
    for name in (*dataset.strategies, LABEL_ORACLE):
        choose(page, "a", "label oracle" if name == LABEL_ORACLE else name)
        assert figures(page, "a") == expected_figures(
            dataset.oracle if name == LABEL_ORACLE else dataset.strategies[name]
        )
        for label, share, own, *_ in rows(page):
            assert own == percent(None if np.isnan(value := per_class[name][label]) else value)
            assert share == percent(per_class["pixel_share"][label])


def test_every_picture_is_told_in_words(page: Any, results: Results, dataset: DatasetResults) -> None:
    album = Album(results, dataset)
    _, truth, segments = album.read(2)
    show(page, f"data=alpha&image={album.table.keys[2]}&a=fixed")
    for panel, title, labels in (
        ("truth", "Ground truth", truth),
        ("a", "Left, fixed", album.labels["fixed"][segments]),
    ):
        text = page.locator(f"#panel-{panel} .picture").get_attribute("aria-label")
        names = {("background", *CLASSES, "not labelled")[min(label, len(CLASSES) + 1)] for label in np.unique(labels)}
        assert text.startswith(f"{title}: ")
        assert set(text.removeprefix(f"{title}: ").split(", ")) == names
    assert "highest at" in page.locator("#chart-a").get_attribute("aria-label")
    assert "mIoU" in page.locator("#slider-a").get_attribute("aria-valuetext")


def test_cross_fitted_copies_have_no_one_threshold_until_the_slider_moves(
    browser: Any, results: Results, dataset: DatasetResults, tmp_path: Path
) -> None:
    record = dataset.calibration["cosine"]
    folds = [{**record, "fitted": {**record["fitted"], "threshold": threshold}} for threshold in (0.1, 0.2)]
    calibration = dataset.calibration | {"cosine": {**record, "fitted": {}, "folds": folds}}
    crossed = replace(results, datasets=(replace(dataset, calibration=calibration),))
    page = browser.new_page()
    page.goto(f"{write_explorer(crossed, path=tmp_path / 'page.html').as_uri()}#a=cosine")
    page.wait_for_selector("#main:not([hidden])")
    assert page.locator("#at-a").inner_text() == "a threshold for each fold: calibrated"
    assert figures(page, "a") == expected_figures(dataset.strategies["cosine"])
    slide(page, "a", 3)
    assert page.locator("#at-a").inner_text().startswith("threshold ")
    page.locator("#marks-a button").first.click()
    assert figures(page, "a") == expected_figures(dataset.strategies["cosine"])
    page.close()


def test_buttons_go_to_the_marked_thresholds(page: Any, dataset: DatasetResults) -> None:
    choose(page, "a", "global")
    calibrated = figures(page, "a")
    assert f"{dataset.calibration['global']['fitted']['threshold']:.4g}" in page.locator("#at-a").inner_text()
    page.locator("#marks-a [data-mark=paper]").click()
    paper = float(re.findall(r"[\d.]+", page.locator("#at-a").inner_text())[0])
    assert paper >= dataset.calibration["fixed"]["params"]["threshold"]
    page.locator("#marks-a [data-mark=best]").click()
    best = float(figures(page, "a")[0])
    last = int(page.locator("#slider-a").get_attribute("max") or 0)
    assert best == max(float(miou) for (miou, *_), _ in moved(page, range(last + 1)))
    page.locator("#marks-a [data-mark=calibrated]").click()
    assert figures(page, "a") == calibrated
    assert page.locator("#marks-a [aria-pressed=true]").get_attribute("data-mark") == "calibrated"


def test_views_show_truth_wipe_differences_and_mistakes(page: Any, results: Results, dataset: DatasetResults) -> None:
    album = Album(results, dataset)
    image, truth, segments = album.read(0)
    colours = palette(len(CLASSES))
    known = np.minimum(truth, len(CLASSES) + 1)
    show(page, f"data=alpha&image={album.table.keys[0]}&a=fixed&b=cosine")
    left, right = (album.labels[name][segments] for name in ("fixed", "cosine"))
    np.testing.assert_array_equal(pixels(page, "truth", image.shape)[..., :3], colours[known])
    page.locator("#views input[value=differences]").check(force=True)
    found = pixels(page, "b", image.shape)
    np.testing.assert_array_equal(found[..., 3] > 0, left != right)
    np.testing.assert_array_equal(found[left != right][:, :3], colours[right[left != right]])
    page.locator("#views input[value=mistakes]").check(force=True)
    wrong = (truth <= len(CLASSES)) & (truth != left)
    np.testing.assert_array_equal(pixels(page, "a", image.shape)[..., 3] > 0, wrong)
    page.locator("#views input[value=wipe]").check(force=True)
    columns = np.arange(image.shape[1]) < round(0.5 * image.shape[1] + 1e-9)
    np.testing.assert_array_equal(pixels(page, "a", image.shape)[..., :3], colours[np.where(columns, left, right)])


def test_pointing_at_a_segment_tells_what_is_known_of_it(page: Any, results: Results, dataset: DatasetResults) -> None:
    album = Album(results, dataset)
    show(page, f"data=alpha&image={album.table.keys[1]}&a=global&b=cosine")
    image, truth, segments = album.read(1)
    picture = page.locator("#panel-a .picture")
    box = picture.bounding_box()
    y, x = image.shape[0] - 1, image.shape[1] // 2
    page.mouse.move(
        box["x"] + (x + 0.5) * box["width"] / image.shape[1], box["y"] + (y + 0.5) * box["height"] / image.shape[0]
    )
    row = segments[y, x]
    vocabulary, _ = load_vocabulary(results.root / "data/text/alpha.safetensors", album.table)
    label, score = load(dataset.calibration["global"]).candidates(album.table, vocabulary)
    text = page.locator("#segment").inner_text()
    assert f"candidate {CLASSES[label[row] - 1]}, score {float(f'{score[row]:.4g}'):g}" in text
    own = truth[segments == row]
    commonest = np.bincount(own[own <= len(CLASSES)]).argmax()
    assert f"in truth\n{('background', *CLASSES)[commonest]}" in text
    share = (segments == row).mean()
    assert f"{percent(float(share))} % of the image" in text
    assert page.locator(".outline path").first.get_attribute("d")
    page.locator("#segment-none").click()
    assert not page.locator(".outline path").first.get_attribute("d")


def test_classes_are_sorted_and_filtered(page: Any) -> None:
    page.locator("[data-sort=a]").click()
    numbers = [float(row[2]) for row in rows(page) if row[2] != NOTHING]
    assert numbers == sorted(numbers, reverse=True)
    assert [row[2] for row in rows(page)].count(NOTHING) == len(rows(page)) - len(numbers)
    page.locator("[data-sort=a]").click()
    assert page.locator("#classes [aria-sort=ascending]").count() == 1
    assert [float(row[2]) for row in rows(page) if row[2] != NOTHING] == numbers[::-1]
    page.locator("[data-sort=name]").click()
    assert [row[0] for row in rows(page)] == sorted(["background", *CLASSES])
    page.locator("#filter").fill("CAT")
    assert [row[0] for row in rows(page)] == ["cat"]


def test_the_images_of_a_class_are_one_tap_away(page: Any, results: Results) -> None:
    keys = [
        sample.key for sample in read_samples(results.root / "data/prepared/alpha", "test") if (sample.mask == 2).any()
    ]
    page.locator("[data-only=dog]").click()
    found = page.locator("#thumbs button").evaluate_all("all => all.map(one => one.dataset.key)")
    assert sorted(found) == sorted(keys)
    page.locator("#unfilter").click()
    assert page.locator("#thumbs button").count() == 8


def test_images_are_ordered_by_who_is_ahead(page: Any, results: Results, dataset: DatasetResults) -> None:
    show(page, "data=alpha&a=fixed&b=cosine&order=b")
    right = Album(results, dataset).right("cosine")
    texts = page.locator("#thumbs button span").evaluate_all("all => all.map(one => one.innerText)")
    gains = np.sort(right[:, 1] - right[:, 0])[::-1]
    for text, gain in zip(texts, gains, strict=True):
        assert text == ("equal" if abs(gain) < 0.0005 else f"{'right' if gain > 0 else 'left'} +{percent(abs(gain))}")


def test_arrows_go_from_image_to_image_and_the_address_brings_all_back(page: Any) -> None:
    before = page.locator("#which").inner_text()
    page.locator("h1").click()
    page.keyboard.press("ArrowRight")
    after = page.locator("#which").inner_text()
    assert before != after
    page.locator("#slider-a").focus()
    page.keyboard.press("ArrowLeft")
    assert page.locator("#which").inner_text() == after
    choose(page, "b", "cosine")
    page.locator("#views input[value=mistakes]").check(force=True)
    page.locator("[data-sort=difference]").click()
    texts = shown(page)
    page.wait_for_function("location.hash.includes('sort=-difference')")
    address = page.evaluate("location.hash").lstrip("#")
    show(page, "data=alpha")
    assert shown(page) != texts
    show(page, address)
    assert shown(page) == texts
    assert page.locator("#views input[value=mistakes]").is_checked()


def test_an_address_that_makes_no_sense_shows_the_start(page: Any) -> None:
    start = page.locator("#which").inner_text()
    show(page, "data=alpha&image=none&a=none&at=99999&view=toString&order=&sort=%3Cb%3E&segment=-7&only=null2")
    assert page.locator("#which").inner_text() == start


def test_every_control_is_reached_and_named_by_keyboard(page: Any) -> None:
    page.locator("h1").click()
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("(({id, name, dataset}) => id || name || dataset.sort)(document.activeElement)"))
    assert {
        "set", "order", "previous", "next", "view", "over", "strategy-a", "slider-a", "strategy-b", "filter", "name",
    } <= reached  # fmt: skip
    nameless = page.evaluate(
        "() => [...document.querySelectorAll('button, input, select')].filter(one => one.getClientRects().length &&"
        " !(one.textContent.trim() || one.ariaLabel || one.labels?.length)).map(one => one.outerHTML)"
    )
    assert nameless == []


@pytest.mark.parametrize("width", [400, 1280, 2560])
def test_nothing_runs_off(page: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    for view in ("both", "wipe"):
        show(page, f"data=alpha&a=global&view={view}&segment=1")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        box = page.locator("#panel-a canvas").bounding_box()
        assert box["width"] > 100
        assert box["x"] + box["width"] <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(page: Any, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    show(page, "data=alpha&a=global&segment=0&only=dog")
    assert page.evaluate(FAINT) == []
    page.emulate_media(color_scheme="light")


def test_pictures_without_truth_have_thresholds_and_no_figures(browser: Any, tmp_path: Path) -> None:
    naming = segmenter().naming(["cat", "sofa"], threshold=0.5)
    (result,) = segmenter().stream([noise((30, 40), 0)], naming)
    pictures = PredictedPage(naming)
    pictures.add("photo <b>", result)
    pictures.write(tmp_path / "own.html")
    page = browser.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((tmp_path / "own.html").as_uri())
    page.wait_for_selector("#main:not([hidden])")
    colours = palette(2)
    np.testing.assert_array_equal(pixels(page, "a", result.map.shape)[..., :3], colours[result.labels])
    slide(page, "b", 0)
    candidates = [result.classes.index(segment.candidate) + 1 for segment in result.segments]
    np.testing.assert_array_equal(pixels(page, "b", result.map.shape)[..., :3], colours[candidates][result.map])
    for hidden in ("#panel-truth", "#figures-a", "#chart-a"):
        assert not page.locator(hidden).is_visible()
    assert page.locator("#which").inner_text() == "photo <b>. 1 of 1 images."
    assert errors == []
    page.close()


def test_the_page_loads_nothing_and_says_nothing_to_the_console(opened: Any, results: Results, said: list[str]) -> None:
    assert [line for line in said if line != (results.folder / "explorer.html").as_uri()] == []
