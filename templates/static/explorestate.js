// What the modules of explore share: the columns, the filter, the place of each axis, helpers to draw.
import { $, DAY, clamp, shortDate } from './dom.js';

export const pc = $('[data-pc]');
export const TOP = 8;         // of the axes in the drawing, in pixels
export const NOTCH = 22;      // below an axis: not measured

export const S = {
  data: null, n: 0, hot: 70, // a level of 0.7
  axes: new Map(), order: [], // axes by key; keys as they are drawn
  filter: { brushes: new Map(), rest: '', problem: '' },
  found: null,               // by row: what the rest of the filter lets through, as the server says; null: not known
  mask: null, hits: [],      // which rows match, and those rows
  wide: 0, high: 0, axis: 0, // of the drawing, of an axis
  at: new Map(),             // edges of the axes by key: {l, r}
};

const NS = 'http://www.w3.org/2000/svg';

/** draw adds an SVG element. */
export function draw(name, attributes = {}, parent, text) {
  const e = document.createElementNS(NS, name);
  for (const key in attributes) e.setAttribute(key, attributes[key]);
  if (text != null) e.textContent = text;
  parent?.append(e);
  return e;
}

export const tenth = v => Math.round(v * 10) / 10;
export const number = n => n.toLocaleString('en-GB');
export const many = (n, one, more) => `${number(n)} ${n === 1 ? one : more}`;
export const cut = (s, n) => s.length > n ? s.slice(0, n - 1) + '…' : s;

/** last is the highest value of a brush: a day or a level. */
export const last = a => a.type === 'date' ? a.days - 1 : 100;
const day = (a, d) => new Date(a.t0 + d * DAY);
export const dayOf = (a, iso) => Math.round((Date.parse(iso) - a.t0) / DAY);
export const isoDay = (a, d) => day(a, d).toISOString().slice(0, 10);
export const shortDay = (a, d) => shortDate(day(a, d));
export const boxLabel = (a, j) => j === a.boxes - 1 && a.boxes < a.v.length ? 'Other' : a.l[j];
export const box = (a, i) => Math.min(a.c[i], a.boxes - 1);

/** yOf is the height of a place on an axis (0 top, 1 bottom, below 0 not measured); yValue that of a value. */
export const yOf = u => u < 0 ? TOP + S.axis + NOTCH : TOP + u * S.axis;
export const yValue = (a, v) => TOP + S.axis * (a.type === 'date' ? 1 - v / a.days : 1 - v / 100);

/** prepare lays out the columns: for each axis the place of every line, and what is typical. */
export function prepare(data) {
  S.data = data;
  S.n = data.n;
  S.hot = Math.round(data.hot * 100);
  S.mask = new Uint8Array(data.n);
  S.hits = S.mask.subarray(0, 0);
  S.axes = new Map(data.axes.map(a => [a.k, a]));
  S.row = new Map(data.id.map((id, i) => [id, i]));
  for (const a of data.axes) {
    a.c = Int32Array.from(data.col[a.k]);
    a.u = new Float32Array(S.n);
    if (a.type === 'date') prepareDate(a);
    else if (a.type === 'num') prepareLevels(a);
    else prepareBoxes(a);
  }
}

/** bins counts rows by where they lie on an axis; those not measured are the last number. */
export function bins(a, rows) {
  const n = a.bins, out = new Int32Array(n + 1);
  for (const i of rows) {
    const v = a.c[i];
    if (v < 0 && a.type === 'num') out[n]++;
    else out[v <= 0 ? 0 : Math.min(n - 1, v * n / a.max | 0)]++;
  }
  return out;
}

function prepareDate(a) {
  a.t0 = Date.parse(a.from);
  a.max = a.days * 24;
  a.bins = Math.min(a.days, 60);
  for (let i = 0; i < S.n; i++) a.u[i] = clamp(1 - a.c[i] / a.max, 0, 1);
}

function prepareLevels(a) {
  const have = new Int32Array(101);
  a.max = 100;
  a.bins = 25;
  a.nul = 0;
  for (let i = 0; i < S.n; i++) {
    const v = a.c[i];
    if (v < 0) { a.u[i] = -1; a.nul++ } else { a.u[i] = 1 - v / 100; have[v]++ }
  }
  const quantile = q => {
    let rest = Math.floor((S.n - a.nul - 1) * q);
    for (let v = 0; v <= 100; v++) if ((rest -= have[v]) < 0) return v;
    return null;
  };
  a.med = S.n > a.nul ? quantile(.5) : null;
  a.p95 = S.n > a.nul ? quantile(.95) : null;
}

// Inside its box a line keeps a place by date, newest on top: no two start from one point, and fewer cross.
function prepareBoxes(a) {
  a.count = new Int32Array(a.boxes);
  for (let i = 0; i < S.n; i++) a.count[box(a, i)]++;
  const rank = new Int32Array(a.boxes);
  for (let i = 0; i < S.n; i++) { // rows come newest first
    const b = box(a, i);
    a.u[i] = (b + .12 + .76 * (rank[b]++ + .5) / a.count[b]) / a.boxes;
  }
}
