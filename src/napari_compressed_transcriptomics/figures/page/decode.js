"use strict";
/* Latents to genes: what the decoder of the model does, in plain arrays. No DOM here. */

const TYPES = {
  uint8: Uint8Array, int8: Int8Array, uint16: Uint16Array, uint32: Uint32Array,
  float32: Float32Array, float16: Uint16Array,
};
const ROWS_AT_ONCE = 64; // a multiple of 4, see `dense`

/** The float32 of each of the 65,536 float16. */
function halfTable() {
  const table = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const exponent = (bits >> 10) & 31, fraction = bits & 1023;
    let size = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
    if (exponent === 31) size = fraction ? NaN : Infinity;
    table[bits] = bits & 32768 ? -size : size;
  }
  return table;
}

/** Views of the arrays in a buffer: {name: {type, shape, at}} to {name: typed array}. */
function arraysOf(buffer, places) {
  const arrays = {};
  for (const [name, { type, shape, at }] of Object.entries(places)) {
    const size = shape.reduce((product, n) => product * n, 1);
    arrays[name] = new TYPES[type](buffer, at, size);
  }
  return arrays;
}

/** out = x @ w.T + b for rows of x, (rows, nIn), and w, (nOut, nIn); rows is a multiple of 4. */
function dense(x, rows, nIn, w, b, nOut, out) {
  for (let o = 0; o < nOut; o += 2) {
    const second = Math.min(o + 1, nOut - 1); // of an odd number the last is done twice
    const w0 = o * nIn, w1 = second * nIn;
    for (let r = 0; r < rows; r += 4) { // 4 x 2 sums at a time: values are read once for several
      const x0 = r * nIn, x1 = x0 + nIn, x2 = x1 + nIn, x3 = x2 + nIn;
      let s00 = b[o], s10 = s00, s20 = s00, s30 = s00;
      let s01 = b[second], s11 = s01, s21 = s01, s31 = s01;
      for (let i = 0; i < nIn; i++) {
        const u = w[w0 + i], v = w[w1 + i];
        const a0 = x[x0 + i], a1 = x[x1 + i], a2 = x[x2 + i], a3 = x[x3 + i];
        s00 += a0 * u; s01 += a0 * v; s10 += a1 * u; s11 += a1 * v;
        s20 += a2 * u; s21 += a2 * v; s30 += a3 * u; s31 += a3 * v;
      }
      const at = r * nOut;
      out[at + o] = s00; out[at + second] = s01;
      out[at + nOut + o] = s10; out[at + nOut + second] = s11;
      out[at + 2 * nOut + o] = s20; out[at + 2 * nOut + second] = s21;
      out[at + 3 * nOut + o] = s30; out[at + 3 * nOut + second] = s31;
    }
  }
}

/** Rows of several arrays side by side. */
function sideBySide(parts, widths, rows) {
  if (parts.length === 1) return parts[0];
  const width = widths.reduce((sum, n) => sum + n, 0);
  const out = new Float32Array(rows * width);
  for (let r = 0, at = 0; r < rows; r++) {
    parts.forEach((part, p) => {
      out.set(part.subarray(r * widths[p], (r + 1) * widths[p]), at);
      at += widths[p];
    });
  }
  return out;
}

/**
 * The decoder: `prepare` runs all layers but the last for all samples, once; then each gene is
 * one product with its row of the last layer.
 */
class Decoder {
  constructor(record, arrays) {
    this.steps = record.steps.map((step, i) => ({
      ...step, weight: arrays[`weight_${i}`], bias: arrays[`bias_${i}`],
    }));
    this.sigmoid = record.sigmoid;
    this.arrays = arrays;
    this.half = halfTable();
    this.k = arrays.latent_scale.length;
    this.n = arrays.latents.length / this.k;
    this.width = arrays.activation_scale.length;
    this.activations = null;
  }

  /** One component of all samples. */
  component(k) {
    const { latents, latent_scale } = this.arrays;
    return Float32Array.from({ length: this.n },
      (_, i) => this.half[latents[i * this.k + k]] * latent_scale[k]);
  }

  /** Run the layers, yielding the part done after each few rows. */
  *prepare() {
    const all = new Float32Array(this.n * this.width);
    for (let start = 0; start < this.n; start += ROWS_AT_ONCE) {
      const rows = Math.min(ROWS_AT_ONCE, this.n - start);
      const found = this.run(start, rows);
      all.set(found.subarray(0, rows * this.width), start * this.width);
      yield (start + rows) / this.n;
    }
    this.activations = all;
  }

  run(start, rows) {
    const { latents, latent_scale } = this.arrays, k = this.k;
    const first = new Float32Array(ROWS_AT_ONCE * k);
    for (let i = 0; i < rows * k; i++) {
      first[i] = this.half[latents[start * k + i]] * latent_scale[i % k];
    }
    const known = [first], widths = [k];
    for (const { inputs, elu, weight, bias } of this.steps) {
      const given = inputs.map((i) => known[i]), nGiven = inputs.map((i) => widths[i]);
      const x = sideBySide(given, nGiven, ROWS_AT_ONCE);
      const out = new Float32Array(ROWS_AT_ONCE * bias.length);
      dense(x, ROWS_AT_ONCE, weight.length / bias.length, weight, bias, bias.length, out);
      if (elu) for (let i = 0; i < out.length; i++) if (out[i] < 0) out[i] = Math.expm1(out[i]);
      known.push(out);
      widths.push(bias.length);
    }
    return known[known.length - 1];
  }

  /** One gene of all samples; `prepare` must have ended. */
  gene(column) {
    const { weight, gene_scale, activation_scale, bias } = this.arrays, width = this.width;
    const isHalf = weight instanceof Uint16Array, row = new Float32Array(width);
    for (let i = 0; i < width; i++) {
      const value = weight[column * width + i];
      row[i] = (isHalf ? this.half[value] : value) * gene_scale[column] / activation_scale[i];
    }
    const out = new Float32Array(this.n), all = this.activations;
    for (let s = 0, at = 0; s < this.n; s++, at += width) {
      let sum = bias[column];
      for (let i = 0; i < width; i++) sum += all[at + i] * row[i];
      out[s] = this.sigmoid ? 1 / (1 + Math.exp(-sum)) : sum;
    }
    return out;
  }
}

/** Between which values a map is shown: the 1st and 99th percentile, as in napari. */
function displayRange(values) {
  const sorted = values.filter(Number.isFinite).sort();
  if (!sorted.length) return [0, 1];
  const percentile = (part) => {
    const at = part * (sorted.length - 1), below = Math.floor(at);
    const above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
  };
  const low = percentile(0.01), high = percentile(0.99);
  return high > low ? [low, high] : [low - 0.5, low + 0.5];
}

/** Colours of samples as numbers 1 to 255, 0 where there is no value. */
function shades(values, low, high) {
  return Uint8Array.from(values, (value) => Number.isFinite(value)
    ? 1 + Math.round(254 * Math.min(1, Math.max(0, (value - low) / (high - low)))) : 0);
}

/** A colormap, 256 times red, green and blue, as pixels; the first is see-through. */
function pixels(colors) {
  return Uint32Array.from({ length: 256 }, (_, i) => i === 0 ? 0
    : (255 << 24) | (colors[3 * i + 2] << 16) | (colors[3 * i + 1] << 8) | colors[3 * i]);
}

/** Voxels in another order: the sizes of the axes, and where each starts and how it steps. */
function turned(values, [, nx, ny, nz], start, step) {
  const out = new values.constructor(values.length);
  const first = start[0] + start[1] + start[2];
  for (let z = 0, at = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, at++) {
        out[at] = values[first + x * step[0] + y * step[1] + z * step[2]];
      }
    }
  }
  return out;
}

/**
 * Voxels around the brain, each with the label of a neighbour: pairs of index and label. They are
 * see-through, but 3-D mixes their colours into those of the surface.
 */
function rimOf(labels, [, nx, ny]) {
  const pairs = [], around = [];
  for (const z of [-1, 0, 1]) for (const y of [-1, 0, 1]) for (const x of [-1, 0, 1]) {
    around.push({ by: x + nx * (y + ny * z), far: x * x + y * y + z * z });
  }
  around.sort((a, b) => a.far - b.far);
  for (let i = 0; i < labels.length; i++) {
    if (labels[i]) continue;
    const near = around.find(({ by }) => labels[i + by]);
    if (near) pairs.push([i, labels[i + near.by]]);
  }
  return pairs;
}

/** Numbers of samples at their voxels: 0 outside. */
function painted(labels, ofSample, out) {
  for (let i = 0; i < labels.length; i++) out[i] = labels[i] ? ofSample[labels[i] - 1] : 0;
  return out;
}

/** Names that hold what was typed: the same, those that begin with it, those that hold it. */
function found(names, typed, most) {
  const wanted = typed.trim().toUpperCase();
  const same = [], begin = [], hold = [];
  names.forEach((name, i) => {
    const at = name.toUpperCase().indexOf(wanted);
    if (at === 0) (name.length === wanted.length ? same : begin).push(i);
    else if (at > 0) hold.push(i);
  });
  const all = [...same, ...begin, ...hold];
  return { shown: all.slice(0, most), count: all.length };
}

if (typeof module !== "undefined") {
  module.exports = { arraysOf, Decoder, displayRange, found, painted, pixels, rimOf, shades, turned };
}
