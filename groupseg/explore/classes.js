// @ts-check
// The table of classes: IoU of both strategies on all test images, at the thresholds that are chosen.

/**
 * @typedef {object} Row
 * @property {number} label
 * @property {string} name
 * @property {number} share of the labelled pixels; without truth, nothing
 * @property {number} a IoU on the left; without truth, share of the pixels
 * @property {number} b
 * @property {number} difference
 * @property {number} images on the page that show it
 */

/** @type {[keyof Row, string][]} */
const COLUMNS = [["name", "class"], ["share", "share"], ["a", "left"], ["b", "right"], ["difference", "left \u2212 right"], ["images", "images"]];

/**
 * @param {Scene} scene
 * @param {State} state
 * @returns {Row[]}
 */
function classRows(scene, state) {
  const { data } = scene;
  const truth = data.truth;
  const [a, b] = truth
    ? [ious(countsOf(data, scene.a, state.at), truth), ious(countsOf(data, scene.b, state.bt), truth)]
    : [sharesOf(data, scene.left), sharesOf(data, scene.right)];
  const all = truth ? total(truth) : NaN;
  return Array.from({ length: data.classes.length + 1 }, (_, label) => ({
    label,
    name: labelName(data, label),
    share: truth ? truth[label] / all : NaN,
    a: a[label],
    b: b[label],
    difference: a[label] - b[label],
    images: label ? data.images.filter((image) => shows(data, image, label)).length : data.images.length,
  }));
}

/** @param {Data} data @param {Uint16Array} labels @returns {number[]} share of the pixels of each label */
function sharesOf(data, labels) {
  const pixels = new Array(data.classes.length + 1).fill(0);
  labels.forEach((label, segment) => (pixels[label] += data.segments.area[segment]));
  const all = total(pixels);
  return pixels.map((count) => count / all);
}

/**
 * Sorts rows; what is not defined comes last.
 * @param {Row[]} rows
 * @param {string} sort
 * @returns {Row[]}
 */
function sorted(rows, sort) {
  const column = /** @type {keyof Row} */ (sort.replace(/^-/, ""));
  if (!COLUMNS.some(([name]) => name === column)) return rows;
  const sign = sort.startsWith("-") ? -1 : 1;
  return rows.sort((one, other) => {
    const [x, y] = [one[column], other[column]];
    if (typeof x === "string") return sign * x.localeCompare(String(y), "en");
    return Number(Number.isNaN(x)) - Number(Number.isNaN(y)) || sign * (x - Number(y)) || 0;
  });
}

/**
 * Shows the table.
 * @param {Scene} scene
 * @param {State} state
 * @param {string} filter letters that a name must hold
 */
function showClasses(scene, state, filter) {
  const { data } = scene;
  const judged = Boolean(data.truth);
  const columns = COLUMNS.filter(([name]) => judged || name !== "share");
  const rows = sorted(classRows(scene, state), state.sort).filter((row) => row.name.toLowerCase().includes(filter.toLowerCase()));
  $("classes").querySelector("caption").textContent = judged
    ? `IoU on all ${data.images_total} test images, in percent. Left: ${scene.a.name}. Right: ${scene.b.name}.`
    : `Share of the pixels of all images on this page, in percent. Left: ${scene.a.name}. Right: ${scene.b.name}.`;
  $("classes").querySelector("thead tr").replaceChildren(...columns.map((column) => heading(column, state.sort)));
  $("classes").querySelector("tbody").replaceChildren(
    ...rows.map((row) => {
      const values = judged
        ? [percent(row.share), percent(row.a), percent(row.b), signed(row.difference)]
        : [percent(row.a), percent(row.b), signed(row.difference)];
      return make(
        "tr", {}, make("th", { scope: "row" }, swatch(data, row.label), row.name),
        ...values.map((value) => make("td", {}, value)), make("td", {}, imagesButton(row, state)),
      );
    }),
  );
}

/** @param {[keyof Row, string]} column @param {string} sort @returns {HTMLElement} */
function heading([name, title], sort) {
  const direction = sort === name ? "ascending" : sort === `-${name}` ? "descending" : "none";
  const arrow = { ascending: " \u25b2", descending: " \u25bc", none: "" }[direction];
  return make("th", { scope: "col", "aria-sort": direction }, make("button", { type: "button", "data-sort": name }, title + arrow));
}

/** @param {Row} row @param {State} state @returns {Node | string} */
function imagesButton(row, state) {
  if (!row.label || !row.images) return String(row.images);
  return make("button", {
    type: "button", "data-only": row.name, "aria-pressed": String(state.only === row.name),
    "aria-label": `${row.images} ${row.images === 1 ? "image" : "images"} with ${row.name}`,
  }, String(row.images));
}

/** @param {string} sort what the table is sorted by @param {string} name the column that is asked for @returns {string} */
function nextSort(sort, name) {
  const first = name === "name" ? name : `-${name}`;
  if (sort !== first) return first;
  return first.startsWith("-") ? name : `-${name}`;
}
