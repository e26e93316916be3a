// @ts-check
// One of the two strategies: which one, its threshold, and what that gives on all test images.

/**
 * @typedef {object} Side
 * @property {"a" | "b"} id
 * @property {string} drawn what chart and buttons have been made for
 * @property {(position: number) => void} move the dots of the chart
 */

/** @param {Data} data @param {string} name @returns {Strategy} */
function strategyOf(data, name) {
  return /** @type {Strategy} */ (data.strategies.find((one) => one.name === name));
}

/** @param {Data} data @param {Strategy} strategy @returns {Slider | undefined} */
function sliderOf(data, strategy) {
  return strategy.slider === undefined ? undefined : data.sliders[strategy.slider];
}

/**
 * Positions that have a name, in the order of their buttons. The own one of a strategy that has several thresholds is
 * undefined.
 * @param {Strategy} strategy
 * @param {Slider} slider
 * @returns {Record<string, Mark | undefined>}
 */
function marksOf(strategy, slider) {
  const [[own, key]] = Object.entries(strategy.own ?? { calibrated: "" });
  const { paper, best } = slider.marks;
  const others = !paper || paper.at === slider.marks[key]?.at ? {} : { paper };
  return { [own]: slider.marks[key], ...others, ...(best ? { best } : {}) };
}

/** @type {Record<string, string>} */
const MARK_NAMES = { paper: "paper's constant", best: "best on test" };

/**
 * Fills the list of strategies, by kind.
 * @param {HTMLSelectElement} select
 * @param {Data} data
 */
function fillStrategies(select, data) {
  const groups = new Map();
  for (const strategy of data.strategies) {
    if (!groups.has(strategy.kind)) groups.set(strategy.kind, make("optgroup", { label: strategy.kind }));
    groups.get(strategy.kind).append(make("option", { value: strategy.name }, strategy.name));
  }
  select.replaceChildren(...groups.values());
}

/**
 * Shows a side.
 * @param {Side} side
 * @param {Data} data
 * @param {State} state
 * @param {(position: number | null) => void} choose
 */
function showSide(side, data, state, choose) {
  const { id } = side;
  const strategy = strategyOf(data, state[id]);
  const slider = sliderOf(data, strategy);
  const position = id === "a" ? state.at : state.bt;
  $(`strategy-${id}`).value = strategy.name;
  $(`moving-${id}`).hidden = !slider;
  $(`still-${id}`).hidden = Boolean(slider);
  $(`still-${id}`).textContent = strategy.candidate
    ? "No single threshold decides here, so there is none to move."
    : "It gives each segment its true label: what these masks are worth.";
  if (slider) showThreshold(side, data, strategy, slider, position, choose);
  if (data.truth) $(`figures-${id}`).replaceChildren(...figuresText(data, strategy, position));
}

/**
 * Counts of a strategy at a position.
 * @param {Data} data
 * @param {Strategy} strategy
 * @param {number | null} position
 * @returns {Counts}
 */
function countsOf(data, strategy, position) {
  const slider = sliderOf(data, strategy);
  const truth = /** @type {Uint32Array} */ (data.truth);
  if (position !== null && slider) return countsAt(slider, position, truth);
  return /** @type {any} */ (strategy);
}

/** @param {Data} data @param {Strategy} strategy @param {number | null} position @returns {(Node | string)[]} */
function figuresText(data, strategy, position) {
  const found = figures(countsOf(data, strategy, position), /** @type {Uint32Array} */ (data.truth));
  const interval = position === null ? strategy.interval : undefined;
  const range = interval?.every(Number.isFinite) ? ` [${interval.map((end) => percent(end)).join(", ")}]` : "";
  return [
    ...[["miou", make("strong", {}, `mIoU ${percent(found.miou)} %`), range],
      ["background", `background IoU ${percent(found.background)} %`, ""],
      ["foreground", `foreground mIoU ${percent(found.foreground)} %`, ""]].map(([name, text, more]) =>
      make("span", {}, make("span", { className: `key ${name}`, "aria-hidden": "true" }), text, make("span", { className: "quiet" }, more))),
  ];
}

/**
 * @param {Slider} slider
 * @param {Mark | undefined} own that of the strategy; none where it has several thresholds
 * @param {number | null} position
 * @returns {string}
 */
function thresholdText(slider, own, position) {
  if (position === null && !own) return "a threshold for each fold";
  return `threshold ${number(position === null ? own?.value ?? NaN : slider.thresholds[position])}`;
}

/**
 * @param {Side} side
 * @param {Data} data
 * @param {Strategy} strategy
 * @param {Slider} slider
 * @param {number | null} position
 * @param {(position: number | null) => void} choose
 */
function showThreshold(side, data, strategy, slider, position, choose) {
  const { id } = side;
  const marks = marksOf(strategy, slider);
  const [own] = Object.keys(marks);
  const key = `${data.name} ${strategy.name}`;
  if (side.drawn !== key) {
    side.drawn = key;
    drawThreshold(side, data, slider, marks, choose);
  }
  const place = position ?? marks[own]?.at;
  const input = $(`slider-${id}`);
  input.value = String(place ?? 0);
  const text = `${thresholdText(slider, marks[own], position)}${position === null ? `: ${own}` : ""}`;
  $(`at-${id}`).textContent = text;
  const miou = data.truth && place !== undefined ? `, mIoU ${percent(curveOf(slider, data.truth).miou[place])} %` : "";
  input.setAttribute("aria-valuetext", text + miou);
  if (place !== undefined && data.truth) side.move(place);
  for (const button of $(`marks-${id}`).children) {
    const mark = button.dataset.mark;
    button.setAttribute("aria-pressed", String(mark === own ? position === null : position === marks[mark]?.at));
  }
}

/**
 * Draws what stays while the threshold moves.
 * @param {Side} side
 * @param {Data} data
 * @param {Slider} slider
 * @param {Record<string, Mark | undefined>} marks
 * @param {(position: number | null) => void} choose
 */
function drawThreshold(side, data, slider, marks, choose) {
  const { id } = side;
  const last = slider.thresholds.length - 1;
  const [own] = Object.keys(marks);
  $(`slider-${id}`).max = String(last);
  const ends = [0, Math.round(last / 2), last].map((position) => number(slider.thresholds[position]));
  $(`ends-${id}`).replaceChildren(...ends.map((text) => make("span", {}, text)));
  $(`marks-${id}`).replaceChildren(
    ...Object.entries(marks).map(([name, mark]) => {
      const value = mark ? ` ${number(mark.value)}` : "";
      const shape = draw("svg", { class: `shape ${name}`, viewBox: "-6 -6 12 12", "aria-hidden": "true" });
      shape.append(draw("path", { d: shapeOf(name) }));
      const button = make("button", { type: "button", "data-mark": name }, shape, `${MARK_NAMES[name] ?? name}${value}`);
      button.addEventListener("click", () => choose(name === own || !mark ? null : mark.at));
      return button;
    }),
  );
  if (!data.truth) return;
  const curve = curveOf(slider, data.truth);
  const known = Object.entries(marks).flatMap(([name, mark]) => (mark ? [[name, mark.at]] : []));
  side.move = drawChart($(`chart-${id}`), curve, Object.fromEntries(known));
  const best = slider.marks.best.at;
  $(`chart-${id}`).setAttribute(
    "aria-label",
    `mIoU, background IoU and foreground mIoU of all test images over the threshold. mIoU is ${percent(curve.miou[0])} %` +
      ` where nothing is background, highest at ${number(slider.thresholds[best])} with ${percent(curve.miou[best])} %,` +
      ` and ${percent(curve.miou[last])} % at the highest threshold.`,
  );
}
