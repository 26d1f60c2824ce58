// The filter language of explore, read and written as the server does (store/explorefilter.go).
import { S, boxLabel, cut, isoDay, last, shortDay, DAY } from './explorestate.js';

const other = { department: 'dept', reporter: 'model', status: 'state' };
const key = /^([A-Za-z]\w*)([<>]=?|[=:])(?!\/\/)/;

function axisNamed(field) {
  const k = other[field] ?? field;
  return S.axes.get(k) ?? (k.endsWith('_anomaly') ? S.axes.get(k.slice(0, -8)) : undefined);
}

/** parse reads a filter: brushes on axes, and the rest, which the server looks for. */
export function parse(text) {
  const f = { brushes: new Map(), rest: [], problem: '' };
  for (let left = text.trimStart(); left; left = left.trimStart()) {
    const m = key.exec(left), values = [];
    let after = m ? left.slice(m[0].length) : left;
    do {
      const item = cutItem(values.length ? after.slice(1) : after, Boolean(m));
      values.push(item.value);
      after = item.rest;
    } while (m && after.startsWith(','));
    const raw = left.slice(0, left.length - after.length), a = m && axisNamed(m[1].toLowerCase());
    left = after;
    if (!a) { f.rest.push(raw); continue }
    const why = brush(f, a, m[2], values);
    if (why && !f.problem) f.problem = `${raw}: ${why}.`;
  }
  return f;
}

// cutItem takes a value from the front of a text; in quotes "" stands for ".
function cutItem(text, list) {
  if (!text.startsWith('"')) {
    const end = text.search(list ? /[\s,]/ : /\s/);
    return end < 0 ? { value: text, rest: '' } : { value: text.slice(0, end), rest: text.slice(end) };
  }
  const m = /^"((?:[^"]|"")*)"?/.exec(text);
  return { value: m[1].replace(/""/g, '"'), rest: text.slice(m[0].length) };
}

function brush(f, a, op, values) {
  if (values.includes('')) return 'a value is missing';
  const had = f.brushes.get(a.k), b = { ...had }, is = op === ':' || op === '=', none = is && a.type === 'num' && values[0] === 'none';
  f.brushes.set(a.k, b);
  if (a.type === 'cat') return is ? category(a, b, had, values) : `${a.k} takes a text: write ${a.k}:${quoted(a.v[0])}`;
  if (values.length > 1) return `${a.k} takes one value`;
  if (had && none !== Boolean(had.none)) return `${a.k} cannot be measured and not measured at once`;
  if (none) { b.none = true; return '' }
  return range(a, b, op, values[0]);
}

function category(a, b, had, values) {
  const found = new Set();
  for (const v of values) {
    let some = find(a, v);
    if (!some.length) some = find(a, v.replace(/\+/g, ' '));
    if (!some.length) return `no result has the ${a.t.toLowerCase()} "${v}"`;
    some.forEach(j => found.add(j));
  }
  b.set = had ? new Set([...found].filter(j => had.set.has(j))) : found;
  return b.set.size ? '' : `${a.k} cannot be two things at once; a comma stands for or`;
}

const family = v => /^(.+) \d/.exec(v)?.[1];

function find(a, text) {
  const t = text.toLowerCase(), found = [];
  a.v.forEach((v, j) => {
    if (v.toLowerCase() === t || a.l[j].toLowerCase() === t || a.k === 'model' && family(v)?.toLowerCase() === t || a.k === 'state' && t === 'review' && v === 'in_review' ||
      v === '' && t === 'none' || t === 'other' && a.boxes < a.v.length && j >= a.boxes - 1) found.push(j);
  });
  return found;
}

function range(a, b, op, value) {
  let v;
  if (a.type === 'date') {
    v = /^\d{4}-\d\d-\d\d$/.test(value) ? (Date.parse(value) - a.t0) / DAY : NaN;
    if (Number.isNaN(v)) return `${a.k} takes a day, as in date>=2026-10-31`;
  } else {
    v = value === '' ? NaN : Math.round(Math.max(-1, Math.min(Number(value), 2)) * 100);
    if (!Number.isFinite(v)) return `${a.k} takes a number from 0 to 1, as in ${a.k}>=0.7`;
  }
  const lo = op === '>' ? v + 1 : v, hi = op === '<' ? v - 1 : v;
  if (op[0] !== '<') b.lo = Math.max(b.lo ?? lo, lo);
  if (op[0] !== '>') b.hi = Math.min(b.hi ?? hi, hi);
  return b.lo > b.hi ? `nothing lies between the two ends of ${a.k}` : '';
}

/** quoted writes a value as the language takes it. */
export const quoted = v => v === '' ? 'none' : /[\s,"+]/.test(v) || v === 'none' || v === 'other' ? `"${v.replace(/"/g, '""')}"` : v;

/** textOf writes a filter. */
export function textOf(f) {
  const terms = [];
  for (const a of S.data.axes) {
    const b = f.brushes.get(a.k), value = v => a.type === 'date' ? isoDay(a, v) : String(v / 100);
    if (!b) continue;
    if (b.none) terms.push(a.k + ':none');
    if (b.set) terms.push(a.k + ':' + values(a, b.set).join(','));
    if (b.lo != null) terms.push(`${a.k}>=${value(b.lo)}`);
    if (b.hi != null) terms.push(`${a.k}<=${value(b.hi)}`);
  }
  return [...terms, ...f.rest].join(' ');
}

// The rare values that share the last box are named together when all are chosen.
function values(a, set) {
  const shared = a.boxes < a.v.length && a.v.slice(a.boxes - 1).every((_, j) => set.has(a.boxes - 1 + j));
  const list = [...set].sort((x, y) => x - y).filter(j => !shared || j < a.boxes - 1).map(j => quoted(a.v[j]));
  return shared ? [...list, 'other'] : list;
}

/** boxSet is the values that a box stands for. */
export const boxSet = (a, j) => j === a.boxes - 1 ? a.v.slice(j).map((_, k) => j + k) : [j];

/** setBrush changes a brush; one that lets all through is none. */
export function setBrush(k, b) {
  if (b && (b.none || b.set?.size || b.lo != null || b.hi != null)) S.filter.brushes.set(k, b);
  else S.filter.brushes.delete(k);
}

/** ends are the two ends of a brush, as they are drawn. */
export function ends(a) {
  const b = S.filter.brushes.get(a.k), on = b && !b.none, clip = v => Math.max(0, Math.min(v, last(a)));
  return { on: Boolean(on), lo: clip(on && b.lo != null ? b.lo : 0), hi: clip(on && b.hi != null ? b.hi : last(a)) };
}

/** setEnds brushes from lo to hi; an end at the end of the axis is open. */
export const setEnds = (a, lo, hi) => setBrush(a.k, { lo: lo > 0 ? lo : undefined, hi: hi < last(a) ? hi : undefined });

export const filtered = () => S.filter.brushes.size > 0 || S.filter.rest.length > 0 || S.filter.problem !== '';

/** match returns a mask of the rows that the filter lets through, but for the brush of the axis skip. */
export function match(mask, skip) {
  const n = S.n, f = S.filter;
  mask.fill(f.problem ? 0 : 1);
  for (const [k, b] of f.brushes) {
    if (k === skip || f.problem) continue;
    const a = S.axes.get(k), c = a.c;
    if (b.set) {
      for (let i = 0; i < n; i++) if (!b.set.has(c[i])) mask[i] = 0;
    } else if (b.none) {
      for (let i = 0; i < n; i++) if (c[i] >= 0) mask[i] = 0;
    } else {
      const unit = a.type === 'date' ? 24 : 1;
      const lo = b.lo != null ? b.lo * unit : a.type === 'date' ? -Infinity : 0, hi = b.hi != null ? b.hi * unit + unit - 1 : Infinity;
      for (let i = 0; i < n; i++) if (c[i] < lo || c[i] > hi) mask[i] = 0;
    }
  }
  if (f.rest.length && S.found) for (let i = 0; i < n; i++) if (!S.found[i]) mask[i] = 0;
  return mask;
}

/** say tells a brush in a word or two: "≥ .40", "2 of 9". */
export function say(a, b) {
  if (b.none) return 'not measured';
  if (b.set) {
    const boxes = new Set([...b.set].map(j => Math.min(j, a.boxes - 1)));
    return boxes.size > 1 ? `${boxes.size} of ${a.boxes}` : cut(b.set.size > 1 ? boxLabel(a, [...boxes][0]) : a.l[[...b.set][0]], 14);
  }
  const { lo, hi } = ends(a), level = v => (v / 100).toFixed(2).replace(/^0/, '');
  if (a.type !== 'date') return b.hi == null ? '≥ ' + level(lo) : b.lo == null ? '≤ ' + level(hi) : level(lo) + '–' + level(hi);
  if (b.hi == null) return '≥ ' + shortDay(a, lo);
  if (b.lo == null) return '≤ ' + shortDay(a, hi);
  return lo === hi ? shortDay(a, lo) : shortDay(a, lo).replace(/ .*/, '') + '–' + shortDay(a, hi);
}
