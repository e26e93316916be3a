// @ts-check
// Label maps on canvases, and the outline of a segment.

/**
 * Paints labels; what `shown` says no to stays clear.
 * @param {HTMLCanvasElement} canvas
 * @param {Data} data
 * @param {Picture} image
 * @param {(pixel: number) => number} labelOf
 * @param {(pixel: number) => boolean} shown
 */
function paint(canvas, data, image, labelOf, shown) {
  const { width, height } = image;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const picture = new ImageData(width, height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    if (!shown(pixel)) continue;
    const from = 3 * labelOf(pixel);
    picture.data[4 * pixel] = data.colours[from];
    picture.data[4 * pixel + 1] = data.colours[from + 1];
    picture.data[4 * pixel + 2] = data.colours[from + 2];
    picture.data[4 * pixel + 3] = 255;
  }
  canvas.getContext("2d")?.putImageData(picture, 0, 0);
}

/**
 * Draws the outline of a segment, along the edges of its pixels.
 * @param {Picture} image
 * @param {number} segment
 * @returns {string} path in pixels of the image
 */
function outline(image, segment) {
  const { width, height, segments } = image;
  const inside = (/** @type {number} */ x, /** @type {number} */ y) =>
    x >= 0 && y >= 0 && x < width && y < height && segments[y * width + x] === segment;
  const path = [];
  for (let y = 0; y <= height; y++) {
    for (let x = 0; x <= width; x++) {
      const own = inside(x, y);
      if (own !== inside(x - 1, y)) path.push(`M${x} ${y}v1`);
      if (own !== inside(x, y - 1)) path.push(`M${x} ${y}h1`);
    }
  }
  return path.join("");
}

/**
 * The segment under a point of a picture.
 * @param {Picture} image
 * @param {HTMLElement} picture
 * @param {{clientX: number, clientY: number}} point
 * @returns {number} -1 = none
 */
function segmentAt(image, picture, point) {
  const box = picture.getBoundingClientRect();
  const x = Math.floor(((point.clientX - box.left) / box.width) * image.width);
  const y = Math.floor(((point.clientY - box.top) / box.height) * image.height);
  return x < 0 || y < 0 || x >= image.width || y >= image.height ? -1 : image.segments[y * image.width + x];
}
