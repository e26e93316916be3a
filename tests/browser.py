"""A real browser for tests of pages. What imports this is skipped where there is no browser or no Playwright."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next((found for name in BROWSERS if (found := shutil.which(name))), None)
api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
if BROWSER is None:
    pytest.skip(f"no browser: none of {', '.join(BROWSERS)}", allow_module_level=True)

# Text under 4.5 : 1 against what is behind it (WCAG 2.2, contrast minimum).
FAINT = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
  const light = text => {
    const part = v => (v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map(v => part(v / 255));
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const behind = element => {
    for (let one = element; one; one = one.parentElement) {
      const {backgroundColor} = getComputedStyle(one);
      if (!/, 0\\)$/.test(backgroundColor)) return backgroundColor;
    }
    return "rgb(255, 255, 255)";
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.getClientRects().length) continue;
    const style = getComputedStyle(element);
    const ink = element instanceof SVGElement ? style.fill : style.color;
    const [x, y] = [light(ink), light(behind(element))].sort((a, b) => b - a);
    if ((x + .05) / (y + .05) < 4.5) found.push(element.outerHTML.slice(0, 80) + ink + behind(element));
  }
  return found;
}"""


@contextmanager
def launched() -> Iterator[Any]:
    """A browser that asks for nothing by itself; the test is skipped where it does not start."""
    with ExitStack() as stack:
        playwright = stack.enter_context(api.sync_playwright())
        flags = ["--no-sandbox", "--disable-background-networking", "--disable-dev-shm-usage"]
        try:
            found = playwright.chromium.launch(executable_path=BROWSER, args=flags)
        except api.Error as error:
            pytest.skip(f"the browser does not start: {str(error).splitlines()[0]}")
        stack.callback(found.close)
        yield found
