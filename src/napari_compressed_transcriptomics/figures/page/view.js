"use strict";
/* The page: what is chosen is decoded (decode.js), painted and drawn (NiiVue). */

const $ = (id) => document.getElementById(id);
const record = JSON.parse($("record").textContent);
const number = (value) => Number(value.toPrecision(4)).toString().replace("-", "−");
const MOST_FOUND = 50, SLICE_MS = 25;

let arrays, decoder, nv, volume;
let voxels; // labels, rim and colours of voxels, in the order in which NiiVue has them
let gene = record.first; // the column of the gene that is chosen
let order = record.genes.map((_, i) => i); // of genes, as the arrow keys go
let shown; // values of all samples, their label, and how they become colours
let fixed = null; // the range of colours that was typed, of the map that is shown
let mm = [0, 0, 0];
let waiting = false; // for the next frame, to show what was chosen

start().catch((error) => {
  $("problem").textContent = `This browser cannot show the page (${error.message}). `
    + "Firefox 113, Chrome 80 and Safari 16.4 or later can, with WebGL 2.";
  $("problem").hidden = false;
  $("status").hidden = true;
});

async function start() {
  $("words").textContent = "Unpacking…";
  arrays = arraysOf(await unpacked($("arrays").textContent), record.places);
  $("arrays").remove();
  decoder = new Decoder(record, arrays);
  await startDrawing();
  fillControls();
  listen();
  const asked = asAsked();
  show();
  if (asked >= 0) choose(asked);
  await prepare();
}

/** The bytes of base64 of gzip. */
async function unpacked(text) {
  const bytes = Uint8Array.fromBase64 ? Uint8Array.fromBase64(text) : bytesOf(atob(text));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

/** Letters as bytes; a loop, as `Uint8Array.from` takes seconds for 20 million. */
function bytesOf(letters) {
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
  return bytes;
}

/** Run the decoder's layers in the background, in slices between which the page reacts. */
async function prepare() {
  const channel = new MessageChannel(), work = decoder.prepare();
  let step = { done: false, value: 0 };
  while (!step.done) {
    const until = performance.now() + SLICE_MS;
    while (!step.done && performance.now() < until) step = work.next();
    $("progress").value = step.value ?? 1;
    await new Promise((resume) => {
      channel.port1.onmessage = resume;
      channel.port2.postMessage(0);
    });
  }
  show();
}

/* What is shown */

/** Show with the next frame what is chosen then: held arrow keys leave no queue behind. */
function showSoon() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; show(); });
}

/** Decode or take the chosen map, and show it. */
function show() {
  const chosen = $("map").selectedIndex - 1, map = record.maps[chosen], name = record.genes[gene];
  const ready = decoder.activations !== null, isGene = map === undefined;
  $("progress").hidden = ready;
  facts();
  if (isGene && !ready && gene !== record.first) {
    $("words").textContent = `Decoding ${name}…`;
    return;
  }
  if (isGene) {
    const values = ready ? decoder.gene(gene) : arrays.first, [low, high] = displayRange(values);
    shown = { values, low, high, colormap: record.of_genes, label: `${name}, reconstructed` };
  } else {
    const values = arrays[`error_${chosen}`] ?? decoder.component(chosen - record.n_error_maps);
    shown = { ...map, values };
  }
  if (fixed) [shown.low, shown.high] = fixed;
  $("words").textContent = shown.label + (ready ? "" : " (preparing the other genes)");
  draw();
}

/** Paint what is shown, and its colour bar. */
function draw() {
  const { values, low, high, colormap, label } = shown;
  const colors = arrays[colormap], stops = [], ofShades = pixels(colors);
  const ofSamples = Uint32Array.from(shades(values, low, high), (shade) => ofShades[shade]);
  painted(voxels.labels, ofSamples, voxels.colors);
  for (const [voxel, label] of voxels.rim) {
    voxels.colors[voxel] = ofSamples[label - 1] & 0xffffff; // see-through
  }
  nv.updateGLVolume();
  for (let i = 0; i < 256; i += 15) stops.push(`rgb(${colors.slice(3 * i, 3 * i + 3).join()})`);
  $("bar").style.background = `linear-gradient(to right, ${stops.join()})`;
  $("unit").textContent = label;
  [$("low").value, $("high").value] = [low, high].map((value) => Number(value.toPrecision(4)));
  locate(mm);
}

/** Numbers of the gene. */
function facts() {
  const rows = [["Gene", record.genes[gene]]];
  for (const name of record.gene_table) {
    const values = arrays[`gene_${name}`], value = values[gene];
    let words = Number.isFinite(value) ? number(value) : "not known";
    if (name === "rmse" && Number.isFinite(value)) {
      const better = values.reduce((count, other) => count + (other < value), 0);
      words += ` (${better.toLocaleString("en")} genes have less)`;
    }
    rows.push([FACTS[name] ?? name, words]);
  }
  $("facts").replaceChildren(...rows.flatMap(([term, words]) => [
    element("dt", term), element("dd", words),
  ]));
}

const FACTS = {
  rmse: "RMSE", held_out_rmse: "RMSE, not seen", r2: "R²", mean: "Mean", sd: "SD",
};

function element(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

/* The crosshair */

/** Tell what is at a place in RAS mm. */
function locate(place) {
  mm = place;
  ["x", "y", "z"].forEach((axis, i) => {
    if (document.activeElement !== $(axis)) $(axis).value = Number(mm[i].toFixed(1));
  });
  const sample = sampleAt(mm), side = mm[0] < 0 ? "left" : mm[0] > 0 ? "right" : "midline";
  const words = sample < 0 ? ["no data"] : [
    ...(record.samples ? [record.samples[sample]] : []), number(shown.values[sample]),
  ];
  $("place").value = [side, ...words].join(" · ");
  $("canvas").setAttribute("aria-label", `${shown.label} at x ${number(mm[0])}, `
    + `y ${number(mm[1])}, z ${number(mm[2])} mm: ${words.join(", ")}`);
}

/** The sample in whose voxel a place lies, or -1. */
function sampleAt(place) {
  const voxel = record.to_voxels.map((row) => Math.round(
    row[0] * place[0] + row[1] * place[1] + row[2] * place[2] + row[3]));
  const [nx, ny, nz] = record.shape, [x, y, z] = voxel;
  if (x < 0 || y < 0 || z < 0 || x >= nx || y >= ny || z >= nz) return -1;
  return arrays.labels[x + nx * (y + ny * z)] - 1;
}

function goTo(place) {
  nv.scene.crosshairPos = nv.mm2frac(place);
  locate(place);
  cut();
}

/**
 * Where the brain is cut in 3-D: what is left of, before or above the crosshair is taken away.
 * Azimuth and elevation are of the direction that the cut faces, and of who looks at it.
 */
const CUTS = {
  x: { faces: [90, 0], seen: [115, 10], depth: (at) => 0.5 - at[0] },
  y: { faces: [180, 0], seen: [150, 15], depth: (at) => at[1] - 0.5 },
  z: { faces: [0, 90], seen: [110, 40], depth: (at) => at[2] - 0.5 },
};

function cut() {
  const how = CUTS[$("cut").value];
  nv.setClipPlane(how ? [how.depth(nv.scene.crosshairPos), ...how.faces] : [2, 0, 0]);
}

/* NiiVue */

async function startDrawing() {
  const nifti = arrays.nifti.slice(), header = new DataView(nifti.buffer);
  header.setInt16(70, 2, true); // of colours: uint8
  header.setInt16(72, 8, true);
  const file = new Uint8Array(nifti.length + arrays.labels.length);
  file.set(nifti);
  nv = new niivue.Niivue({
    isSliceMM: true, isNearestInterpolation: true, isAlphaClipDark: true,
    multiplanarShowRender: niivue.SHOW_RENDER.ALWAYS, multiplanarEqualSize: true,
    multiplanarLayout: niivue.MULTIPLANAR_TYPE.GRID, tileMargin: 6,
    showAllOrientationMarkers: true, isOrientCube: true,
    show3Dcrosshair: true, crosshairWidth: 1, crosshairWidthUnit: "mm",
    crosshairColor: [0.85, 0.1, 0.1, 1], clipPlaneColor: [0, 0, 0, 0], clipPlaneHotKey: "",
    viewModeHotKey: "", cycleClipPlaneHotKey: "", dragMode: niivue.DRAG_MODE.none,
    dragAndDropEnabled: false, scrollRequiresFocus: true, logLevel: "error", loadingText: "",
    ...canvasColors(),
  });
  await nv.attachToCanvas($("canvas"));
  file.set(arrays.labels.map((label) => label && 255), nifti.length);
  const opaque = [0, 255];
  nv.addColormap("shape", { R: opaque, G: opaque, B: opaque, A: opaque, I: opaque });
  volume = await niivue.NVImage.new(file.buffer, "map.nii", "shape", 1, null, 0, 255);
  nv.onLocationChange = (where) => {
    locate([...where.mm].slice(0, 3));
    if ($("cut").value) cut();
  };
  await nv.setVolumeRenderIllumination(0.5);
  nv.addVolume(volume);
  const labels = turned(arrays.labels, volume.dimsRAS, volume.img2RASstart, volume.img2RASstep);
  voxels = { labels, rim: rimOf(labels, volume.dimsRAS), colors: new Uint32Array(labels.length) };
  nv.refreshLayers = refreshVoxels;
  mm = record.start;
  nv.scene.crosshairPos = nv.mm2frac(mm);
}

/**
 * Give the voxels of the texture that NiiVue draws their colours, in place of what it does itself:
 * turn the voxels, and compute how light falls on the shape, which is the same for all maps. That
 * is a fifth of what a map takes of the processor.
 */
function refreshVoxels() {
  const { gl } = nv, [, nx, ny, nz] = volume.dimsRAS;
  gl.activeTexture(gl.TEXTURE0);
  gl.bindTexture(gl.TEXTURE_3D, nv.volumeTexture);
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 4);
  gl.texSubImage3D(gl.TEXTURE_3D, 0, 0, 0, 0, nx, ny, nz, gl.RGBA, gl.UNSIGNED_BYTE,
    new Uint8Array(voxels.colors.buffer));
}

/** Colours of the canvas in light or dark. */
function canvasColors() {
  const color = (name) => {
    const hex = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255).concat(1);
  };
  return { backColor: color("--brain"), fontColor: color("--text") };
}

/* The controls */

function fillControls() {
  const names = ["Reconstruction of the gene", ...record.maps.map((map) => map.label)];
  $("map").replaceChildren(...names.map((name) => element("option", name)));
  const orders = record.gene_table.includes("rmse")
    ? ["By symbol", "Smallest error first", "Largest error first"] : ["By symbol"];
  $("order").replaceChildren(...orders.map((name) => element("option", name)));
  sortGenes();
  $("gene").value = record.genes[gene];
}

function sortGenes() {
  const names = record.genes, by = $("order").selectedIndex, rmse = arrays.gene_rmse;
  const sign = by === 2 ? -1 : 1, error = (i) => (Number.isNaN(rmse[i]) ? Infinity : sign * rmse[i]);
  const compare = new Intl.Collator("en", { numeric: true }).compare;
  order.sort(by === 0 ? (a, b) => compare(names[a], names[b]) : (a, b) => error(a) - error(b));
}

function choose(column) {
  gene = column;
  $("gene").value = record.genes[gene];
  $("map").selectedIndex = 0;
  fixed = null;
  closeList();
  try {
    history.replaceState(null, "", `#${encodeURIComponent(record.genes[gene])}`);
  } catch { /* some browsers allow no addresses for files */ }
  showSoon();
}

/** The gene that the address asks for (brain.html#BDNF), or -1. */
function asAsked() {
  try {
    return record.genes.indexOf(decodeURIComponent(location.hash.slice(1)));
  } catch {
    return -1;
  }
}

function step(by) {
  const at = order.indexOf(gene) + by;
  choose(order[(at + order.length) % order.length]);
}

/* The list of genes found */

let hits = [], active = -1;

function search() {
  const names = order.map((column) => record.genes[column]);
  const { shown: places, count } = found(names, $("gene").value, MOST_FOUND);
  hits = places.map((place) => order[place]);
  const items = hits.map((column, i) => {
    const item = element("li", record.genes[column]);
    item.id = `hit-${i}`;
    item.setAttribute("role", "option");
    item.addEventListener("mousedown", (event) => event.preventDefault());
    item.addEventListener("click", () => choose(column));
    return item;
  });
  const more = count ? `${(count - hits.length).toLocaleString("en")} more` : "No such gene here";
  if (count > hits.length || !count) {
    const last = element("li", more);
    last.setAttribute("role", "option");
    last.setAttribute("aria-disabled", "true");
    items.push(last);
  }
  $("genes").replaceChildren(...items);
  $("genes").hidden = false;
  $("gene").setAttribute("aria-expanded", "true");
  activate(hits.length ? 0 : -1);
}

function activate(index) {
  active = index;
  hits.forEach((_, i) => $(`hit-${i}`).setAttribute("aria-selected", String(i === active)));
  if (active >= 0) {
    $("gene").setAttribute("aria-activedescendant", `hit-${active}`);
    $(`hit-${active}`).scrollIntoView({ block: "nearest" });
  } else $("gene").removeAttribute("aria-activedescendant");
}

function closeList() {
  $("genes").hidden = true;
  $("gene").setAttribute("aria-expanded", "false");
  $("gene").removeAttribute("aria-activedescendant");
}

function onKey(event) {
  const open = !$("genes").hidden, by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (by && open && hits.length) activate((active + by + hits.length) % hits.length);
  else if (by) step(by);
  else if (event.key === "Enter" && open && active >= 0) choose(hits[active]);
  else if (event.key === "Escape") restore();
  else if (event.key !== "Enter") return; // which would send the form
  event.preventDefault();
}

function restore() {
  closeList();
  $("gene").value = record.genes[gene];
}

function listen() {
  for (const id of ["choice", "details"]) {
    $(id).addEventListener("submit", (event) => event.preventDefault());
  }
  $("gene").addEventListener("input", search);
  $("gene").addEventListener("keydown", onKey);
  $("gene").addEventListener("focus", () => $("gene").select());
  $("gene").addEventListener("blur", restore);
  $("previous").addEventListener("click", () => step(-1));
  $("next").addEventListener("click", () => step(1));
  $("order").addEventListener("change", sortGenes);
  $("map").addEventListener("change", () => { fixed = null; showSoon(); });
  $("view").addEventListener("change", () => nv.setSliceType(Number($("view").value)));
  $("cut").addEventListener("change", () => {
    const how = CUTS[$("cut").value];
    if (how) nv.setRenderAzimuthElevation(...how.seen);
    cut();
  });
  $("radiological").addEventListener("change",
    () => nv.setRadiologicalConvention($("radiological").checked));
  $("save").addEventListener("click", save);
  for (const id of ["x", "y", "z"]) $(id).addEventListener("change", () => {
    const place = ["x", "y", "z"].map((axis) => Number($(axis).value));
    if (place.every(Number.isFinite)) goTo(place);
  });
  for (const id of ["low", "high"]) $(id).addEventListener("change", () => {
    const range = [Number($("low").value), Number($("high").value)];
    if (range[0] < range[1]) fixed = range;
    showSoon();
  });
  $("auto").addEventListener("click", () => { fixed = null; showSoon(); });
  addEventListener("hashchange", () => { if (asAsked() >= 0) choose(asAsked()); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    Object.assign(nv.opts, canvasColors());
    nv.drawScene();
  });
}

/** Save the map that is shown as a float32 NIfTI, NaN outside. */
function save() {
  const values = new Float32Array(arrays.labels.length);
  arrays.labels.forEach((label, i) => { values[i] = label ? shown.values[label - 1] : NaN; });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([arrays.nifti, values]));
  link.download = `${shown.label.replace(/[^\w.-]+/g, "_")}.nii`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
