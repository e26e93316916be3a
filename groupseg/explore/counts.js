// @ts-check
// Figures from counts of pixels: the same arithmetic as groupseg/metrics/iou.py and curve.py.

/**
 * Figures of all test images; NaN where one is not defined.
 * @typedef {object} Figures
 * @property {number} miou
 * @property {number} background
 * @property {number} foreground
 * @property {number} accuracy
 */

/**
 * Figures at each position of a slider.
 * @typedef {object} Curve
 * @property {Float64Array} miou
 * @property {Float64Array} background
 * @property {Float64Array} foreground
 */

/**
 * Pixels that are right, and pixels predicted, of each label: [C + 1] each.
 * @typedef {{hits: ArrayLike<number>, predicted: ArrayLike<number>}} Counts
 */

/**
 * @param {number} hits
 * @param {number} predicted
 * @param {number} truth
 * @returns {number} NaN where the label neither occurs nor is predicted
 */
function iou(hits, predicted, truth) {
  return hits / (predicted + truth - hits);
}

/**
 * IoU of each label.
 * @param {Counts} counts
 * @param {Uint32Array} truth
 * @returns {number[]}
 */
function ious(counts, truth) {
  return Array.from(truth, (own, label) => iou(counts.hits[label], counts.predicted[label], own));
}

/** @param {number[]} values @returns {number} mean of those that are defined */
function mean(values) {
  const known = values.filter((value) => !Number.isNaN(value));
  return known.reduce((sum, value) => sum + value, 0) / known.length;
}

/** @param {ArrayLike<number>} values @returns {number} */
function total(values) {
  return Array.from(values).reduce((sum, value) => sum + value, 0);
}

/**
 * @param {Counts} counts
 * @param {Uint32Array} truth
 * @returns {Figures}
 */
function figures(counts, truth) {
  const labels = ious(counts, truth);
  return {
    miou: mean(labels),
    background: labels[0],
    foreground: mean(labels.slice(1)),
    accuracy: total(counts.hits) / total(truth),
  };
}

/**
 * Counts at a position of a slider.
 * @param {Slider} slider
 * @param {number} position
 * @param {Uint32Array} truth
 * @returns {Counts}
 */
function countsAt(slider, position, truth) {
  const hits = new Float64Array(truth.length);
  const predicted = new Float64Array(truth.length);
  hits[0] = truth[0];
  predicted[0] = total(truth);
  for (let entry = 0; entry < slider.last.length && slider.last[entry] >= position; entry++) {
    take(slider, entry, hits, predicted);
  }
  return { hits, predicted };
}

/**
 * Takes the pixels of an entry from the background and gives them to its label.
 * @param {Slider} slider
 * @param {number} entry
 * @param {Float64Array} hits
 * @param {Float64Array} predicted
 */
function take(slider, entry, hits, predicted) {
  const label = slider.label[entry];
  hits[label] += slider.hits[entry];
  predicted[label] += slider.pixels[entry];
  hits[0] -= slider.lost[entry];
  predicted[0] -= slider.pixels[entry];
}

/** @type {WeakMap<Slider, Curve>} */
const curves = new WeakMap();

/**
 * The figures at each position; computed once.
 * @param {Slider} slider
 * @param {Uint32Array} truth
 * @returns {Curve}
 */
function curveOf(slider, truth) {
  const known = curves.get(slider);
  if (known) return known;
  const length = slider.thresholds.length;
  const [miou, background, foreground] = [0, 1, 2].map(() => new Float64Array(length));
  const { hits, predicted } = countsAt(slider, length, truth);
  const of = (/** @type {number} */ label) => iou(hits[label], predicted[label], truth[label]);
  const values = Array.from(truth, (_, label) => of(label));
  let sum = 0;
  let occurring = 0;
  const count = (/** @type {number} */ value, /** @type {number} */ sign) => {
    if (Number.isNaN(value)) return;
    sum += sign * value;
    occurring += sign;
  };
  values.slice(1).forEach((value) => count(value, 1));
  for (let position = length - 1, entry = 0; position >= 0; position--) {
    for (; entry < slider.last.length && slider.last[entry] >= position; entry++) {
      const label = slider.label[entry];
      count(values[label], -1);
      take(slider, entry, /** @type {Float64Array} */ (hits), /** @type {Float64Array} */ (predicted));
      count((values[label] = of(label)), 1);
    }
    background[position] = of(0);
    foreground[position] = sum / occurring;
    const withBackground = Number.isNaN(background[position]) ? 0 : 1;
    miou[position] = (sum + (withBackground ? background[position] : 0)) / (occurring + withBackground);
  }
  const curve = { miou, background, foreground };
  curves.set(slider, curve);
  return curve;
}

/**
 * Labels of the segments on the page.
 * @param {Strategy} strategy
 * @param {number | null} position of its slider; null = as it was calibrated
 * @returns {Uint16Array}
 */
function labelsAt(strategy, position) {
  const { last, candidate } = strategy;
  if (position === null || !last || !candidate) return strategy.label;
  return candidate.map((label, segment) => (position <= last[segment] ? label : 0));
}

/**
 * Share of the labelled pixels of an image that are right.
 * @param {Data} data
 * @param {Picture} image
 * @param {Uint16Array} labels of all segments on the page
 * @returns {number} NaN where no pixel is labelled
 */
function shareRight(data, image, labels) {
  const { starts, label, pixels } = data.segments;
  let right = 0;
  let all = 0;
  for (let segment = image.first; segment < image.first + image.count; segment++) {
    for (let entry = starts[segment]; entry < starts[segment + 1]; entry++) {
      all += pixels[entry];
      if (label[entry] === labels[segment]) right += pixels[entry];
    }
  }
  return right / all;
}
