// The filter of explore. The server reads its language (store/explorefilter.go); here it is written.
import { clamp } from './dom.js';
import { S, boxLabel, cut, dayOf, isoDay, last, shortDay } from './explorestate.js';

/** read makes the filter of what the server says that a text means. */
export function read({ brushes, rest, problem = '' }) {
  S.filter = { brushes: new Map(), rest, problem };
  for (const [k, b] of Object.entries(brushes)) {
    const a = S.axes.get(k), at = v => v && (a.type === 'date' ? dayOf(a, v) : Math.round(v * 100));
    if (a) setBrush(k, { lo: at(b.lo), hi: at(b.hi), none: b.none, set: b.set && new Set(b.set.map(v => a.v.indexOf(v)).filter(j => j >= 0)) });
  }
}

// quoted writes a value as the language takes it.
const quoted = v => v === '' ? 'none' : /[\s,"+]/.test(v) || v === 'none' || v === 'other' ? `"${v.replace(/"/g, '""')}"` : v;

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
  return [...terms, f.rest].join(' ').trim();
}

// The rare values that share the last box are named together when all are chosen.
function values(a, set) {
  const shared = a.boxes < a.v.length && boxSet(a, a.boxes - 1).every(j => set.has(j));
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
  const b = S.filter.brushes.get(a.k), on = b && !b.none, clip = v => clamp(v, 0, last(a));
  return { on: Boolean(on), lo: clip(on && b.lo != null ? b.lo : 0), hi: clip(on && b.hi != null ? b.hi : last(a)) };
}

/** setEnds brushes from lo to hi; an end at the end of the axis is open. */
export const setEnds = (a, lo, hi) => setBrush(a.k, { lo: lo > 0 ? lo : undefined, hi: hi < last(a) ? hi : undefined });

export const filtered = () => S.filter.brushes.size > 0 || S.filter.rest !== '' || S.filter.problem !== '';

/** match marks the rows that the filter lets through. */
export function match() {
  const n = S.n, f = S.filter, mask = S.mask;
  mask.fill(f.problem ? 0 : 1);
  for (const [k, b] of f.brushes) {
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
  if (f.rest && S.found) for (let i = 0; i < n; i++) if (!S.found[i]) mask[i] = 0;
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
