// @ts-check
// What the page shows, and how its address says it.

/**
 * @typedef {object} State
 * @property {string} data name of the data set
 * @property {string} image key of the image
 * @property {string} a strategy on the left
 * @property {string} b strategy on the right
 * @property {number | null} at position of the left slider; null = as calibrated
 * @property {number | null} bt position of the right slider
 * @property {string} view one of VIEWS
 * @property {boolean} over whether the picture shines through
 * @property {string} order one of ORDERS
 * @property {string} only class to which images are held; empty = none
 * @property {string} sort column of the table, with "-" before it where it falls
 * @property {number} segment of the image; -1 = none
 */

const VIEWS = { both: "side by side", wipe: "wipe", differences: "differences only", mistakes: "mistakes only" };
const ORDERS = { rule: "as chosen", a: "left is most ahead", b: "right is most ahead" };

/** @type {State} */
const START = {
  data: "", image: "", a: "", b: "", at: null, bt: null, view: "both", over: false, order: "rule", only: "",
  sort: "", segment: -1,
};

/**
 * Writes a state as the part of an address behind the #; what is as at the start is left out.
 * @param {State} state
 * @returns {string}
 */
function toAddress(state) {
  const said = new URLSearchParams();
  for (const [name, value] of Object.entries(state)) {
    if (value !== /** @type {any} */ (START)[name]) said.set(name, value === true ? "1" : String(value));
  }
  return said.toString();
}

/**
 * Reads what `toAddress` wrote; what is missing or makes no sense is as at the start.
 * @param {string} address
 * @returns {State}
 */
function fromAddress(address) {
  const said = new URLSearchParams(address);
  const whole = (/** @type {string} */ name) => (/^\d+$/.test(said.get(name) ?? "") ? Number(said.get(name)) : null);
  const among = (/** @type {string} */ name, /** @type {object} */ known) => {
    const value = said.get(name) ?? "";
    return Object.hasOwn(known, value) ? value : /** @type {any} */ (START)[name];
  };
  const text = (/** @type {string} */ name) => said.get(name) ?? "";
  return {
    data: text("data"), image: text("image"), a: text("a"), b: text("b"), at: whole("at"), bt: whole("bt"),
    view: among("view", VIEWS), over: said.get("over") === "1", order: among("order", ORDERS), only: text("only"),
    sort: text("sort"), segment: whole("segment") ?? -1,
  };
}

/**
 * Makes a state fit a data set: what it does not have becomes what is shown at first.
 * @param {State} state
 * @param {Data} data
 * @returns {State}
 */
function fitted(state, data) {
  const strategy = (/** @type {string} */ name) => data.strategies.find((one) => one.name === name);
  const a = strategy(state.a) ?? strategy(data.first);
  const b = strategy(state.b) ?? strategy(data.second);
  const position = (/** @type {Strategy | undefined} */ one, /** @type {number | null} */ at) =>
    at === null || one?.slider === undefined ? null : Math.min(at, data.sliders[one.slider].thresholds.length - 1);
  const image = data.images.find((one) => one.key === state.image) ?? data.images[0];
  return {
    ...state,
    data: data.name,
    image: image.key,
    a: a?.name ?? "",
    b: b?.name ?? "",
    at: position(a, state.at),
    bt: position(b, state.bt),
    only: data.classes.includes(state.only) ? state.only : "",
    segment: state.segment < image.count ? state.segment : -1,
  };
}
