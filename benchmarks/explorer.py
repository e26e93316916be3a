"""How fast the explorer answers in a browser: until the first picture, and for a step of a slider.

    python -m benchmarks.explorer results/scenes/explorer.html

Needs Chromium and Playwright. Prints the size of the page, the milliseconds until the first picture is painted, and
those of script and layout that steps of a slider take, and fails where a limit is passed.
"""

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

STEPS = 200
# MB of the page, ms until the first picture, ms of a step in the middle of all.
LIMITS = (6.0, 1000.0, 16.0)
# A step ends when the layout that it asks for is done.
TIMED = """steps => {
  const slider = document.querySelector("#slider-a"), times = [];
  for (let step = 0; step < steps; step++) {
    slider.value = Math.round(slider.max * step / steps);
    const start = performance.now();
    slider.dispatchEvent(new Event("input", {bubbles: true}));
    document.body.getBoundingClientRect();
    times.push(performance.now() - start);
  }
  return times.sort((one, other) => one - other);
}"""
PAINTED = """() => new Promise(done => requestAnimationFrame(() => done(
  document.querySelector("#panel-a canvas").width > 0 && document.querySelector("#main").hidden === false
    ? performance.now() : 0)))"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", type=Path, nargs="?", default=Path("results/scenes/explorer.html"))
    path = parser.parse_args().page.resolve()
    size = path.stat().st_size / 1e6
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-background-networking"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(path.as_uri())
        page.wait_for_selector("#main:not([hidden])")
        first = page.evaluate(PAINTED)
        times = page.evaluate(TIMED, STEPS)
        browser.close()
    middle, slow = times[STEPS // 2], times[STEPS * 95 // 100]
    print(f"{path.name}: {size:.1f} MB, first picture after {first:.0f} ms")
    print(f"a step of the slider: {middle:.1f} ms, 95 % under {slow:.1f} ms")
    if any(found > limit for found, limit in zip((size, first, middle), LIMITS, strict=True)):
        raise SystemExit(f"more than {LIMITS[0]:g} MB, {LIMITS[1]:g} ms or {LIMITS[2]:g} ms")


if __name__ == "__main__":
    main()
