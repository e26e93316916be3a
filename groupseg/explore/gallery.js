// @ts-check
// The images to choose from, and on which of them one strategy is ahead of the other.

/**
 * Orders the images that are to be seen.
 * @param {Data} data
 * @param {State} state
 * @param {Map<Picture, number>} ahead by how much the left strategy is ahead on each image
 * @returns {Picture[]}
 */
function ordered(data, state, ahead) {
  const only = data.classes.indexOf(state.only) + 1;
  const images = data.images.filter((image) => !only || shows(data, image, only));
  const sign = { a: -1, b: 1 }[state.order];
  if (!sign) return images;
  const gain = (/** @type {Picture} */ image) => ahead.get(image) || 0;
  return images.sort((one, other) => sign * (gain(one) - gain(other)));
}

/**
 * Whether a class is in an image: in truth, or where there is none, by what its segments are most like.
 * @param {Data} data
 * @param {Picture} image
 * @param {number} label
 * @returns {boolean}
 */
function shows(data, image, label) {
  const { starts, label: labels } = data.segments;
  if (data.truth) return labels.subarray(starts[image.first], starts[image.first + image.count]).includes(label);
  return data.strategies.some((one) => one.label.subarray(image.first, image.first + image.count).includes(label));
}

/**
 * By how much the left strategy is ahead on each image: in the share of labelled pixels that are right.
 * @param {Scene} scene
 * @returns {Map<Picture, number>} NaN where nothing is labelled
 */
function leads(scene) {
  const { data, left, right } = scene;
  return new Map(data.images.map((image) => [image, shareRight(data, image, left) - shareRight(data, image, right)]));
}

/**
 * Shows the images.
 * @param {Data} data
 * @param {State} state
 * @param {Picture[]} images in this order
 * @param {Map<Picture, number>} ahead
 */
function showGallery(data, state, images, ahead) {
  const list = $("thumbs");
  const key = `${data.name} ${images.map((image) => image.key).join(" ")}`;
  if (list.dataset.key !== key) {
    list.dataset.key = key;
    list.replaceChildren(...images.map(thumb));
  }
  images.forEach((image, place) => {
    const button = list.children[place].firstElementChild;
    const current = image.key === state.image;
    button.tabIndex = current || (place === 0 && !images.some((one) => one.key === state.image)) ? 0 : -1;
    if (current) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
    button.lastElementChild.textContent = data.truth ? leadText(ahead.get(image) ?? NaN) : "";
  });
  $("unfilter").hidden = !state.only;
  $("unfilter").textContent = `with ${state.only}: show all`;
}

/** @param {Picture} image @returns {string} its name, and why it is on the page */
function said(image) {
  return image.reason ? `${image.key}: ${image.reason}` : image.key;
}

/** @param {Picture} image @returns {HTMLElement} */
function thumb(image) {
  const picture = make("img", { src: image.picture, alt: said(image) });
  const button = make("button", { type: "button", title: image.reason }, picture, make("span"));
  button.dataset.key = image.key;
  return make("li", {}, button);
}

/** @param {number} lead of the left strategy @returns {string} */
function leadText(lead) {
  if (Number.isNaN(lead)) return "not labelled";
  const text = percent(Math.abs(lead));
  if (Number(text) === 0) return "equal";
  return `${lead > 0 ? "left" : "right"} +${text}`;
}
