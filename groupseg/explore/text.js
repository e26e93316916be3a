// @ts-check
// How numbers and names are written, and small helpers for the page.

const MINUS = "\u2212";
const NOTHING = "\u2013";

/**
 * Writes a fraction in percent, without the sign: the same digits as Python writes for the six decimals in results/.
 * @param {number} value
 * @param {number} [digits]
 * @returns {string}
 */
function percent(value, digits = 1) {
  return Number.isNaN(value) ? NOTHING : fixed(100 * Number(value.toFixed(6)), digits);
}

/**
 * Rounds as Python does: what lies exactly in the middle goes to the even digit.
 * @param {number} value
 * @param {number} digits
 * @returns {string}
 */
function fixed(value, digits) {
  const scale = 10 ** digits;
  const middle = Number.isInteger(value * 2 ** (digits + 1)) && !Number.isInteger(value * scale);
  return (middle ? (2 * Math.round((value * scale) / 2)) / scale : value).toFixed(digits);
}

/** @param {number} value difference of fractions @returns {string} in points, with its sign */
function signed(value) {
  if (Number.isNaN(value)) return NOTHING;
  const text = percent(Math.abs(value));
  return Number(text) === 0 ? "0.0" : (value < 0 ? MINUS : "+") + text;
}

/** @param {number} value @returns {string} four digits */
function number(value) {
  if (!Number.isFinite(value)) return "infinity";
  return String(Number(value.toPrecision(4))).replace("-", MINUS);
}

/** @param {number} place @returns {string} 1st, 2nd, ... */
function ordinal(place) {
  const ending = { 1: "st", 2: "nd", 3: "rd" }[place % 10];
  return place + (ending && Math.floor((place % 100) / 10) !== 1 ? ending : "th");
}

/** @param {Data} data @param {number} label @returns {string} */
function labelName(data, label) {
  if (label === 0) return "background";
  return label > data.classes.length ? "not labelled" : data.classes[label - 1];
}

/** @param {Data} data @param {number} label @returns {string} as CSS has it */
function colour(data, label) {
  return `rgb(${data.colours.slice(3 * label, 3 * label + 3).join(" ")})`;
}

/**
 * @param {string} id
 * @returns {any} the element of this id, which the template has
 */
function $(id) {
  return document.getElementById(id);
}

/**
 * Makes an element.
 * @param {string} tag
 * @param {Record<string, any>} [given] properties; names with a dash are attributes
 * @param {...(Node | string)} children
 * @returns {any}
 */
function make(tag, given = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name.includes("-") || name === "role") element.setAttribute(name, value);
    else /** @type {any} */ (element)[name] = value;
  }
  element.append(...children);
  return element;
}

/** @param {Data} data @param {number} label @returns {HTMLElement} a small square of its colour */
function swatch(data, label) {
  const square = make("span", { className: "swatch", "aria-hidden": "true" });
  square.style.background = colour(data, label);
  return square;
}
