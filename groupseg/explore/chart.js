// @ts-check
// The curves over the positions of a slider, drawn as SVG right above it.

const SVG = "http://www.w3.org/2000/svg";
// Pixels: height, and how far the middle of a slider's thumb stays from its ends.
const CHART_HEIGHT = 140;
const CHART_INSET = 8;
/** @type {Record<string, string>} */
const LINES = { miou: "mIoU", background: "background IoU", foreground: "foreground mIoU" };

/**
 * @param {string} tag
 * @param {Record<string, string | number>} given
 * @param {string} [text]
 * @returns {SVGElement}
 */
function draw(tag, given, text) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(given)) element.setAttribute(name, String(value));
  if (text) element.textContent = text;
  return element;
}

/**
 * Draws the curves and the marks.
 * @param {HTMLElement} place
 * @param {Curve} curve
 * @param {Record<string, number>} marks positions by what they are called
 * @returns {(position: number) => void} moves the dots
 */
function drawChart(place, curve, marks) {
  const width = Math.max(place.clientWidth, 120);
  const svg = draw("svg", { viewBox: `0 0 ${width} ${CHART_HEIGHT}`, width, height: CHART_HEIGHT });
  const steps = Math.max(curve.miou.length - 1, 1);
  const x = (/** @type {number} */ position) => CHART_INSET + ((width - 2 * CHART_INSET) * position) / steps;
  const highest = Math.ceil(10 * Math.max(0.1, ...curve.miou.filter(Boolean), ...curve.background.filter(Boolean))) / 10;
  const y = (/** @type {number} */ value) => CHART_HEIGHT - 4 - ((CHART_HEIGHT - 22) * value) / highest;
  for (const value of [0, highest / 2, highest]) {
    svg.append(draw("line", { class: "grid", x1: 0, x2: width, y1: y(value), y2: y(value) }));
    svg.append(draw("text", { class: "tick", x: 0, y: y(value) - 3 }, value ? percent(value, 0) : "0"));
  }
  for (const [name, position] of Object.entries(marks)) {
    const mark = draw("g", { class: `mark ${name}` });
    mark.append(draw("line", { x1: x(position), x2: x(position), y1: 12, y2: CHART_HEIGHT }));
    mark.append(draw("path", { d: shapeOf(name), transform: `translate(${x(position)} 7)` }));
    mark.append(draw("title", {}, name));
    svg.append(mark);
  }
  const lines = Object.keys(LINES).filter((name) => name !== "miou");
  for (const name of [...lines, "miou"]) {
    const values = /** @type {any} */ (curve)[name];
    svg.append(draw("path", { class: `line ${name}`, d: pathOf(values, x, y) }));
  }
  const dots = Object.keys(LINES).map((name) => draw("circle", { class: `dot ${name}`, r: name === "miou" ? 5 : 3 }));
  svg.append(...dots);
  place.replaceChildren(svg);
  return (position) => {
    Object.keys(LINES).forEach((name, index) => {
      const value = /** @type {any} */ (curve)[name][position];
      dots[index].setAttribute("cx", String(x(position)));
      dots[index].setAttribute("cy", String(y(Number.isNaN(value) ? 0 : value)));
    });
  };
}

/**
 * @param {Float64Array} values
 * @param {(position: number) => number} x
 * @param {(value: number) => number} y
 * @returns {string}
 */
function pathOf(values, x, y) {
  let path = "";
  let pen = "M";
  values.forEach((value, position) => {
    if (Number.isNaN(value)) pen = "M";
    else {
      path += `${pen}${x(position).toFixed(1)} ${y(value).toFixed(1)}`;
      pen = "L";
    }
  });
  return path;
}

/** @param {string} name of a mark @returns {string} its shape, which its button has too */
function shapeOf(name) {
  if (name === "best") return "M0-5 5 0 0 5-5 0z";
  return name === "paper" ? "M-4-4h8v8h-8z" : "M0 5-5-4h10z";
}
