// @ts-check
// Puts the parts together: one state, and one function that shows it.

/** @type {Map<string, Data>} */
const read = new Map();
/** @type {Side[]} */
const sides = [
  { id: "a", drawn: "", move: () => {} },
  { id: "b", drawn: "", move: () => {} },
];
/** @type {State} */
let state = { ...START };
/** @type {Picture[]} */
let images = [];
let cut = 0.5;
let saving = 0;

/** @returns {Data} */
function current() {
  return /** @type {Data} */ (read.get(state.data));
}

/** @returns {Picture} */
function shownImage() {
  const data = current();
  return data.images.find((image) => image.key === state.image) ?? data.images[0];
}

/** @returns {Scene} */
function sceneOf() {
  const data = current();
  const [a, b] = [strategyOf(data, state.a), strategyOf(data, state.b)];
  return { data, image: shownImage(), a, b, left: labelsAt(a, state.at), right: labelsAt(b, state.bt) };
}

/** Shows the state. */
function show() {
  const scene = sceneOf();
  const { data, image } = scene;
  const ahead = data.truth ? leads(scene) : new Map();
  images = ordered(data, state, ahead);
  document.body.dataset.view = state.view;
  document.body.classList.toggle("over", state.over);
  document.body.classList.toggle("unjudged", !data.truth);
  showGallery(data, state, images, ahead);
  $("which").textContent = `${said(image)}. ${images.length} of ${data.images_total} images.`;
  showPicture(image);
  paintPanels(scene, state, cut);
  showLegend(scene);
  document.body.classList.toggle("pointed", state.segment >= 0);
  showOutline(image, state.segment);
  showSegment(scene, state);
  for (const side of sides) {
    showSide(side, data, state, (position) => update(side.id === "a" ? { at: position } : { bt: position }));
  }
  showClasses(scene, state, $("filter").value);
  for (const input of document.querySelectorAll("#sets input, #views input")) {
    const radio = /** @type {HTMLInputElement} */ (input);
    radio.checked = radio.value === (radio.name === "set" ? state.data : state.view);
  }
  $("order").value = state.order;
  $("over").checked = state.over;
  $("credit").textContent = data.credit;
}

/** Shows the state, and draws all charts anew. To ask for their width while a threshold moves would take too long. */
function redraw() {
  sides.forEach((side) => (side.drawn = ""));
  show();
}

/** @param {Partial<State>} changes */
function update(changes) {
  state = { ...state, ...changes };
  show();
  save();
}

/** Brings the address up to date, a little later: browsers allow no more than a few changes a second. */
function save() {
  clearTimeout(saving);
  saving = setTimeout(() => history.replaceState(null, "", `#${toAddress(state)}`), 150);
}

/** @param {number} step to the next image or back */
function step(step) {
  if (!images.length) return;
  const place = images.findIndex((image) => image.key === state.image);
  const next = images[(place + step + images.length) % images.length];
  const focused = $("thumbs").contains(document.activeElement);
  update({ image: next.key, segment: -1 });
  reveal(focused);
}

/** Brings the small picture of the image into sight. @param {boolean} [focus] */
function reveal(focus) {
  const list = $("thumbs");
  const button = list.querySelector("[aria-current]");
  if (!button) return;
  const [box, frame] = [button.getBoundingClientRect(), list.getBoundingClientRect()];
  if (box.left < frame.left || box.right > frame.right) list.scrollLeft += box.left - frame.left - frame.width / 2;
  if (focus) button.focus({ preventScroll: true });
}

/** @param {number} step to the next segment or back */
function stepSegment(step) {
  const { count } = shownImage();
  point((Math.max(state.segment, step < 0 ? 0 : -1) + step + count) % count);
}

/** @param {number} segment that is pointed at */
function point(segment) {
  if (segment === state.segment) return;
  state.segment = segment;
  document.body.classList.toggle("pointed", segment >= 0);
  const scene = sceneOf();
  showOutline(scene.image, segment);
  showSegment(scene, state);
  save();
}

/** Reads what the address says, and shows it. */
async function openAddress() {
  const found = fromAddress(location.hash.slice(1));
  const names = Array.from(document.querySelectorAll("script[data-set]"), (one) => one.getAttribute("data-set") ?? "");
  const name = names.includes(found.data) ? found.data : names[0];
  const data = read.get(name) ?? (await readData(name));
  read.set(name, data);
  const other = state.data !== name;
  state = fitted(found, data);
  if (other) for (const side of sides) fillStrategies($(`strategy-${side.id}`), data);
  $("waiting").hidden = true;
  $("main").hidden = false;
  show();
  reveal();
}

/** @param {Partial<State>} changes shown as if the address had said so */
function go(changes) {
  history.replaceState(null, "", `#${toAddress({ ...state, ...changes })}`);
  openAddress();
}

/** Lets controls change the state. */
function listen() {
  const choices = (/** @type {string} */ place, /** @type {string} */ name, /** @type {[string, string][]} */ values) => {
    for (const [value, text] of values) {
      $(place).append(make("label", { className: value === "mistakes" ? "judged" : "" }, make("input", { type: "radio", name, value }), make("span", {}, text)));
    }
  };
  const names = Array.from(document.querySelectorAll("script[data-set]"), (one) => one.getAttribute("data-set") ?? "");
  choices("sets", "set", names.map((name) => [name, name]));
  choices("views", "view", Object.entries(VIEWS));
  $("sets").hidden = names.length < 2;
  $("order").append(...Object.entries(ORDERS).map(([value, text]) => make("option", { value }, text)));

  $("sets").addEventListener("change", (/** @type {any} */ event) => go({ ...START, data: event.target.value, view: state.view, over: state.over, a: state.a, b: state.b }));
  $("views").addEventListener("change", (/** @type {any} */ event) => update({ view: event.target.value }));
  $("over").addEventListener("change", (/** @type {any} */ event) => update({ over: event.target.checked }));
  $("order").addEventListener("change", (/** @type {any} */ event) => { update({ order: event.target.value }); reveal(); });
  $("unfilter").addEventListener("click", () => update({ only: "" }));
  $("previous").addEventListener("click", () => step(-1));
  $("next").addEventListener("click", () => step(1));
  $("segment-previous").addEventListener("click", () => stepSegment(-1));
  $("segment-none").addEventListener("click", () => point(-1));
  $("segment-next").addEventListener("click", () => stepSegment(1));
  $("filter").addEventListener("input", show);
  $("wipe").addEventListener("input", (/** @type {any} */ event) => { cut = event.target.value / 100; show(); });
  for (const { id } of sides) {
    const at = id === "a" ? "at" : "bt";
    $(`strategy-${id}`).addEventListener("change", (/** @type {any} */ event) => update({ [id]: event.target.value, [at]: null }));
    $(`slider-${id}`).addEventListener("input", (/** @type {any} */ event) => update({ [at]: Number(event.target.value) }));
  }
  $("thumbs").addEventListener("click", (/** @type {any} */ event) => {
    const button = event.target.closest("button");
    if (button) update({ image: button.dataset.key, segment: -1 });
  });
  $("classes").addEventListener("click", (/** @type {any} */ event) => {
    const button = event.target.closest("button");
    if (button?.dataset.sort) sortBy(button.dataset.sort);
    else if (button?.dataset.only) showClass(button.dataset.only);
  });
  for (const picture of document.querySelectorAll(".picture")) {
    const under = (/** @type {any} */ event) => {
      const segment = segmentAt(shownImage(), /** @type {HTMLElement} */ (picture), event);
      if (segment >= 0) point(segment);
    };
    picture.addEventListener("pointermove", under);
    picture.addEventListener("pointerdown", under);
  }
  addEventListener("keydown", keys);
  addEventListener("hashchange", openAddress);
  addEventListener("resize", redraw);
}

/** @param {string} name of a column */
function sortBy(name) {
  update({ sort: nextSort(state.sort, name) });
  $("classes").querySelector(`[data-sort=${name}]`).focus();
}

/** @param {string} name of a class whose images are to be seen; all, where they are seen already */
function showClass(name) {
  const only = state.only === name ? "" : name;
  const data = current();
  const label = data.classes.indexOf(only) + 1;
  const first = data.images.find((image) => !only || shows(data, image, label));
  const kept = !only || shows(data, shownImage(), label);
  update(kept || !first ? { only } : { only, image: first.key, segment: -1 });
  $("thumbs").scrollIntoView({ block: "nearest" });
  reveal(true);
}

/** @param {KeyboardEvent} event */
function keys(event) {
  const taken = event.target instanceof Element && event.target.closest("input, select, textarea");
  if (taken || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!way) return;
  event.preventDefault();
  step(way);
}

listen();
openAddress();
