// @ts-check
// What Python has put on the page: see groupseg/explore/packed.py for the form and judged.py for what is in it.

/**
 * A position that has a name, and the threshold that it is for.
 * @typedef {{at: number, value: number}} Mark
 */

/**
 * A slider: the positions of a threshold, and what each does to all test images.
 * @typedef {object} Slider
 * @property {Float32Array} thresholds ascending; at position p a segment keeps its candidate where its score reaches thresholds[p]
 * @property {Record<string, Mark>} marks by name
 * @property {Uint16Array} last of each entry: the highest position at which its pixels are no background; descending
 * @property {Uint16Array} label of each entry
 * @property {Uint32Array} hits pixels of the entry that have this label
 * @property {Uint32Array} pixels all of them
 * @property {Uint32Array} lost those that are background in truth
 */

/**
 * A strategy. What lies in arrays of length G belongs to the segments of the images on the page.
 * @typedef {object} Strategy
 * @property {string} name
 * @property {string} kind
 * @property {Uint16Array} label [G] as the strategy was calibrated
 * @property {Uint16Array} [candidate] [G]; none of the label oracle
 * @property {Float32Array} [score] [G]
 * @property {Uint16Array} [last] [G] the highest position at which the segment keeps its candidate
 * @property {number} [slider] which of the sliders; none where no single threshold decides
 * @property {Record<string, string>} [own] what its own threshold is called, and under which name it is marked
 * @property {Uint32Array} [hits] [C + 1] right pixels of each label on all test images, as calibrated
 * @property {Uint32Array} [predicted] [C + 1]
 * @property {number[]} [interval] of the mIoU
 */

/**
 * An image on the page.
 * @typedef {object} Picture
 * @property {string} key
 * @property {string} reason
 * @property {number} width
 * @property {number} height
 * @property {string} picture data URI
 * @property {Uint8Array | Uint16Array} segments number of the segment of each pixel, row by row
 * @property {Uint8Array | Uint16Array} [truth] label of each pixel; C + 1 where it is not known
 * @property {number} count how many segments
 * @property {number} first the first of its segments among the G; filled in here
 */

/**
 * A data set.
 * @typedef {object} Data
 * @property {string} name
 * @property {string[]} classes
 * @property {Uint8Array} colours [C + 2, 3]
 * @property {number} images_total
 * @property {string} credit
 * @property {Uint32Array} [truth] [C + 1] true pixels of each label on all test images; none where there is no truth; whole numbers in any type
 * @property {string} first strategy that is shown at first on the left
 * @property {string} second and on the right
 * @property {Strategy[]} strategies
 * @property {Slider[]} sliders
 * @property {Picture[]} images
 * @property {{area: Uint32Array, starts: Uint32Array, label: Uint16Array, pixels: Uint32Array, runners: Uint16Array, shares: Float32Array}} segments
 * @property {{classes: Uint16Array, cosines: Float32Array, rank: Uint16Array}} evidence
 */

/** @type {Record<string, any>} */
const KINDS = { Uint8Array, Uint16Array, Uint32Array, Float32Array, Float64Array };

/**
 * Unpacks a text that Python has packed.
 * @param {string} text
 * @returns {Promise<any>}
 */
async function unpack(text) {
  const letters = atob(text);
  const packed = new Uint8Array(letters.length);
  for (let place = 0; place < packed.length; place++) packed[place] = letters.charCodeAt(place);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const content = await new Response(stream).arrayBuffer();
  const length = new DataView(content).getUint32(0, true);
  const json = new TextDecoder().decode(new Uint8Array(content, 4, length));
  return JSON.parse(json, (_, value) => {
    if (value === null || typeof value !== "object" || typeof value.array !== "string") return value;
    const start = 4 + length + value.at;
    return new KINDS[value.array](content.slice(start, start + value.bytes));
  });
}

/**
 * Reads a data set from the page.
 * @param {string} name
 * @returns {Promise<Data>}
 */
async function readData(name) {
  const script = [...document.querySelectorAll("script[data-set]")].find((one) => one.getAttribute("data-set") === name);
  /** @type {Data} */
  const data = await unpack(script?.textContent ?? "");
  let first = 0;
  for (const image of data.images) {
    image.first = first;
    first += image.count;
  }
  return data;
}
