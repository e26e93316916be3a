// @ts-check
// The pictures of one image, and what is known of the segment that is pointed at.

/**
 * What is painted where.
 * @typedef {object} Scene
 * @property {Data} data
 * @property {Picture} image
 * @property {Strategy} a
 * @property {Strategy} b
 * @property {Uint16Array} left labels of all segments on the page
 * @property {Uint16Array} right
 */

/**
 * Paints all panels.
 * @param {Scene} scene
 * @param {State} state
 * @param {number} cut from 0 to 1: where the wipe is
 */
function paintPanels(scene, state, cut) {
  const { data, image } = scene;
  const label = (/** @type {Uint16Array} */ labels) => (/** @type {number} */ pixel) =>
    labels[image.first + image.segments[pixel]];
  const [left, right] = [label(scene.left), label(scene.right)];
  const truth = (/** @type {number} */ pixel) => (image.truth ? image.truth[pixel] : 0);
  const always = () => true;
  const unknown = data.classes.length + 1;
  const shown = (/** @type {(pixel: number) => number} */ own) => {
    if (state.view === "differences") return (/** @type {number} */ pixel) => left(pixel) !== right(pixel);
    if (state.view !== "mistakes") return always;
    return (/** @type {number} */ pixel) => truth(pixel) !== unknown && truth(pixel) !== own(pixel);
  };
  if (image.truth) paint(canvasOf("truth"), data, image, truth, always);
  if (state.view === "wipe") {
    const edge = Math.round(cut * image.width);
    paint(canvasOf("a"), data, image, (pixel) => (pixel % image.width < edge ? left : right)(pixel), always);
    return;
  }
  paint(canvasOf("a"), data, image, left, shown(left));
  paint(canvasOf("b"), data, image, right, shown(right));
}

/** @param {string} panel @returns {HTMLCanvasElement} */
function canvasOf(panel) {
  return $(`panel-${panel}`).querySelector("canvas");
}

/**
 * Puts the picture behind all panels.
 * @param {Picture} image
 */
function showPicture(image) {
  for (const picture of document.querySelectorAll(".picture")) {
    const img = /** @type {HTMLImageElement} */ (picture.querySelector("img"));
    if (img.src !== image.picture) img.src = image.picture;
    picture.setAttribute("style", `--w:${image.width};--h:${image.height}`);
    picture.classList.toggle("small", Math.max(image.width, image.height) < 200);
    picture.querySelector("svg")?.setAttribute("viewBox", `0 0 ${image.width} ${image.height}`);
  }
}

/**
 * Draws the outline of the segment that is pointed at, in all panels.
 * @param {Picture} image
 * @param {number} segment -1 = none
 */
function showOutline(image, segment) {
  const path = segment < 0 ? "" : outline(image, segment);
  for (const line of document.querySelectorAll(".outline path")) line.setAttribute("d", path);
}

/**
 * Labels of a picture, the largest first.
 * @param {ArrayLike<number>} labels of its pixels
 * @returns {number[]}
 */
function bySize(labels) {
  /** @type {Map<number, number>} */
  const pixels = new Map();
  for (let pixel = 0; pixel < labels.length; pixel++) pixels.set(labels[pixel], (pixels.get(labels[pixel]) ?? 0) + 1);
  return [...pixels].sort((one, other) => other[1] - one[1]).map(([label]) => label);
}

/**
 * Names the colours that are to be seen, and says what each picture shows for those who cannot see it.
 * @param {Scene} scene
 */
function showLegend(scene) {
  const { data, image } = scene;
  const painted = (/** @type {Uint16Array} */ labels) => bySize(Uint16Array.from(image.segments, (own) => labels[image.first + own]));
  const shown = { truth: bySize(image.truth ?? []), a: painted(scene.left), b: painted(scene.right) };
  const titles = { truth: "Ground truth", a: `Left, ${scene.a.name}`, b: `Right, ${scene.b.name}` };
  for (const panel of /** @type {const} */ (["truth", "a", "b"])) {
    const names = shown[panel].map((label) => labelName(data, label)).join(", ");
    $(`panel-${panel}`).querySelector(".picture").setAttribute("aria-label", `${titles[panel]}: ${names}`);
  }
  $("panel-image").querySelector(".picture").setAttribute("aria-label", said(image));
  const labels = [...new Set([...shown.truth, ...shown.a, ...shown.b])];
  $("legend").replaceChildren(...labels.map((label) => make("li", {}, swatch(data, label), labelName(data, label))));
}

/**
 * Says all that is known of a segment.
 * @param {Scene} scene
 * @param {State} state
 */
function showSegment(scene, state) {
  const { data, image } = scene;
  $("title-segment").textContent = state.segment < 0 ? "Segment" : `Segment ${state.segment + 1} of ${image.count}`;
  if (state.segment < 0) {
    $("segment").replaceChildren(make("p", { className: "note" }, "Point at a picture, or tap it, to see what is known of a segment."));
    return;
  }
  const row = image.first + state.segment;
  const list = make("dl");
  const say = (/** @type {string} */ term, /** @type {string} */ text) => list.append(make("dt", {}, term), make("dd", {}, text));
  for (const [title, strategy, labels, at] of /** @type {const} */ ([
    [`left: ${scene.a.name}`, scene.a, scene.left, state.at],
    [`right: ${scene.b.name}`, scene.b, scene.right, state.bt],
  ])) {
    say(title, decision(data, strategy, labels, at, row));
  }
  const many = data.segments.runners.length / data.segments.area.length;
  const runners = Array.from({ length: many }, (_, place) => {
    const entry = row * many + place;
    return `${labelName(data, data.segments.runners[entry])} ${percent(data.segments.shares[entry], 0)} %`;
  });
  say("most like", `${runners.join(", ")} (softmax over the classes)`);
  if (data.truth) say("in truth", truthOf(data, row));
  say("whole image", evidenceOf(data, image, scene.a.candidate?.[row] ?? data.segments.runners[row * many]));
  const share = data.segments.area[row] / total(data.segments.area.subarray(image.first, image.first + image.count));
  say("size", `${percent(share)} % of the image`);
  $("segment").replaceChildren(list);
}

/**
 * What a strategy makes of a segment, and why.
 * @param {Data} data
 * @param {Strategy} strategy
 * @param {Uint16Array} labels
 * @param {number | null} at
 * @param {number} row
 * @returns {string}
 */
function decision(data, strategy, labels, at, row) {
  const name = labelName(data, labels[row]);
  if (!strategy.candidate || !strategy.score) return name;
  const slider = sliderOf(data, strategy);
  const threshold = slider ? `, ${thresholdText(slider, Object.values(marksOf(strategy, slider))[0], at)}` : "";
  const candidate = labelName(data, strategy.candidate[row]);
  return `${name}; candidate ${candidate}, score ${number(strategy.score[row])}${threshold}`;
}

/** @param {Data} data @param {number} row @returns {string} the true labels under a segment, the commonest first */
function truthOf(data, row) {
  const { starts, label, pixels } = data.segments;
  const own = pixels.subarray(starts[row], starts[row + 1]);
  if (!own.length) return "not labelled";
  const all = total(own);
  return Array.from(own.subarray(0, 3), (count, place) => {
    return `${labelName(data, label[starts[row] + place])} ${percent(count / all, 0)} %`;
  }).join(", ");
}

/**
 * What the image as a whole says.
 * @param {Data} data
 * @param {Picture} image
 * @param {number} candidate
 * @returns {string}
 */
function evidenceOf(data, image, candidate) {
  const { classes, cosines, rank } = data.evidence;
  const row = data.images.indexOf(image);
  const many = classes.length / data.images.length;
  const named = Array.from({ length: many }, (_, place) => {
    return `${labelName(data, classes[row * many + place])} ${number(Number(cosines[row * many + place].toFixed(3)))}`;
  });
  const place = rank[row * data.classes.length + candidate - 1];
  return `${labelName(data, candidate)} comes ${ordinal(place)} of ${data.classes.length}; first are ${named.join(", ")} (cosine)`;
}
