// The axes of explore: titles, scales, boxes, distributions, brushes, and the line under the pointer.
import { $, $$, node } from './dom.js';
import { S, TOP, NOTCH, bins, box, boxLabel, cut, draw, isoDay, last, number, pc, shortDay, tenth, yOf, yValue } from './explorestate.js';
import { ends, filtered, say } from './explorefilter.js';
import { drawMatch, resize } from './exploredraw.js';

export const over = $('[data-ov]'), heads = $('[data-heads]');
const plane = pc && $('.pc-p', pc);
let lit; // the group of the line that is lit

// letters is how many of a name find room in a box, beside the count.
const letters = (a, wide) => Math.floor((wide - 20 - 6.2 * number(Math.max(...a.count)).length) / 5.9);

/** build makes the titles, whose places give every x, then all the rest. */
export function build() {
  heads.replaceChildren();
  for (const k of S.order) {
    const a = S.axes.get(k), long = a.type === 'cat' && S.order.length < 13 && a.l.slice(0, a.boxes).some(l => l.length > letters(a, 104));
    const level = v => (v / 100).toFixed(2), title = a.t + (a.med != null ? `, median ${level(a.med)}, p95 ${level(a.p95)}` : '') + '. Drag to move.';
    const head = node('div', { className: `ph ${a.type}${long ? ' long' : ''}` },
      node('button', { className: 't', type: 'button', tabIndex: -1, title }, a.t),
      node('button', { className: 'v', type: 'button', hidden: true }));
    head.dataset.k = k;
    heads.append(head);
  }
  pc.classList.toggle('dense', S.order.length > 12);
  layout();
}

/** layout measures, then draws everything anew. */
export function layout() {
  const b = plane.getBoundingClientRect();
  S.wide = Math.round(b.width);
  S.high = Math.round(b.height);
  S.axis = S.high - TOP - 48;
  S.at.clear();
  $$('.ph', heads).forEach(h => {
    const r = h.getBoundingClientRect();
    S.at.set(h.dataset.k, { l: Math.round(r.left - b.left), r: Math.round(r.right - b.left) });
  });
  over.setAttribute('viewBox', `0 0 ${S.wide} ${S.high}`);
  drawAxes();
  resize();
  refresh();
}

/** fits tells whether the drawing still has the size it was laid out for. */
export function fits() {
  const b = plane.getBoundingClientRect();
  return Math.round(b.width) === S.wide && Math.round(b.height) === S.high;
}
export const watch = fn => new ResizeObserver(fn).observe(plane);

function drawAxes() {
  const focused = document.activeElement?.dataset?.f, list = S.order.map(k => S.axes.get(k));
  over.replaceChildren();
  hotLine(list);
  let labelled = 0;
  list.forEach((a, i) => {
    const at = S.at.get(a.k);
    if (a.type === 'cat') return drawBoxes(a, at);
    const g = draw('g', { class: 'pcg', role: 'group', 'aria-label': a.t, 'data-k': a.k }, over);
    a.bars = ['ph0', 'ph1', 'ph2'].map(name => draw('path', { class: name }, g));
    draw('path', { class: 'pax', d: `M${at.l + .5} ${TOP}V${TOP + S.axis}` }, g);
    if (a.type === 'date') dateLabels(a, at, g);
    else {
      typical(a, at, g);
      if (labelled !== a.hot || a.k === 'score') levelLabels(a, at, g, i === list.length - 1);
      labelled = a.hot;
    }
    handles(a, at, g);
    if (a.type === 'num') notch(a, at, g);
  });
  const gap = list.find(a => a.type === 'num' && a.nul);
  if (gap) draw('text', { class: 'hl', x: S.at.get(gap.k).l - 10, y: TOP + S.axis + 26, 'text-anchor': 'end' }, over, 'not measured');
  lit = draw('g', {}, over);
  S.drop = draw('path', { class: 'drop', d: '' }, over);
  const stop = focused && $(`[data-f="${CSS.escape(focused)}"]`, over);
  (stop || $('[data-f]', over))?.setAttribute('tabindex', 0);
  stop?.focus();
}

// hotLine is a dotted rule between neighbouring axes of levels, from where one is hot to where the next is.
function hotLine(list) {
  const y = a => yValue(a, a.hot) + .5;
  let d = '';
  list.forEach((x, i) => {
    const next = list[i + 1];
    if (x.type === 'num' && next?.type === 'num') d += `M${S.at.get(x.k).r + 14} ${y(x)}L${S.at.get(next.k).l - 8} ${y(next)}`;
  });
  draw('path', { class: 'pgr', d }, over);
}

function drawBoxes(a, at) {
  const g = draw('g', { class: 'pcg', role: 'listbox', 'aria-multiselectable': 'true', 'aria-label': a.t, 'data-k': a.k }, over);
  const h = S.axis / a.boxes, room = letters(a, at.r - at.l);
  a.box = Array.from({ length: a.boxes }, (_, j) => {
    const y = TOP + j * h, o = draw('g', { class: 'pcx', role: 'option', tabindex: -1, 'data-f': `${a.k}.${j}`, 'aria-selected': 'false' }, g);
    draw('rect', { class: 'pbx', x: at.l + .5, y: tenth(y + 1), width: at.r - at.l - 1, height: tenth(h - 2), rx: 3 }, o);
    draw('title', {}, o, boxLabel(a, j));
    return { o, bars: ['ph0', 'ph1', 'ph2'].map(name => draw('path', { class: name }, o)), y, h };
  });
  const words = draw('g', { class: 'pbw', 'aria-hidden': 'true' }, over); // over the boxes, whose names say it all
  a.box.forEach((b, j) => {
    const y = tenth(b.y + h / 2 + 4);
    b.name = draw('text', { class: 'pb', x: at.l + 7, y }, words, cut(boxLabel(a, j), room));
    b.n = draw('text', { class: 'pn', x: at.r - 6, y }, words, '');
  });
}

function dateLabels(a, at, g) {
  const n = Math.max(1, Math.min(5, a.days - 1, Math.floor(S.axis / 50)));
  for (let i = 0; i <= n; i++) {
    const d = Math.round((a.days - 1) * (1 - i / n)), y = yValue(a, d + .5);
    draw('text', { class: 'hl', x: at.l - 8, y: tenth(y + 4), 'text-anchor': 'end' }, g, shortDay(a, d));
    draw('path', { class: 'pax', d: `M${at.l - 4} ${tenth(y)}h4` }, g);
  }
}

function typical(a, at, g) {
  if (a.med == null) return;
  draw('path', { class: 'pmd', d: `M${at.l - 7} ${tenth(yValue(a, a.med))}h7` }, g);
  draw('path', { class: 'pp9', d: `M${at.l - 1} ${tenth(yValue(a, a.p95))}l-6 -3.5v7z` }, g);
}

function levelLabels(a, at, g, right) {
  for (const [v, text, dy] of [[100, '1', 7], [a.hot, String(a.hot / 100), 4], [0, '0', 0]]) {
    draw('text', { class: 'hl', x: right ? at.r + 3 : at.l - 10, y: tenth(yValue(a, v) + dy), ...(right ? {} : { 'text-anchor': 'end' }) }, g, text);
  }
}

function handles(a, at, g) {
  const wide = at.r - at.l;
  draw('rect', { class: 'hit', x: at.l - 12, y: TOP, width: wide + 22, height: S.axis, 'data-hit': a.k }, g);
  a.brush = draw('rect', { class: 'br', x: at.l, width: wide, y: 0, height: 0, 'data-move': a.k }, g);
  a.edges = draw('path', { class: 'brl', d: '' }, g);
  a.hands = ['lo', 'hi'].map(end => {
    const o = draw('g', {
      class: 'hnd', role: 'slider', tabindex: -1, 'data-f': `${a.k}.${end}`, 'aria-orientation': 'vertical',
      'aria-label': `${a.t}, ${end === 'lo' ? 'lower' : 'upper'} end`, 'aria-valuemin': 0, 'aria-valuemax': a.type === 'date' ? last(a) : 1,
    }, g);
    return { o, rect: draw('rect', { width: wide + 12, height: 24, x: at.l - 6, 'data-end': `${a.k}.${end}` }, o), path: draw('path', {}, o) };
  });
}

function notch(a, at, g) {
  const y = TOP + S.axis + NOTCH;
  a.notch = null;
  if (!a.nul) return;
  a.notch = draw('g', { class: 'pno', role: 'button', tabindex: -1, 'data-f': a.k + '.none', 'aria-pressed': 'false' }, g);
  draw('rect', { x: at.l - 6, y: y - 11, width: at.r - at.l + 14, height: 34, rx: 3 }, a.notch);
  draw('path', { d: `M${at.l} ${y}H${at.r}M${at.l + .5} ${y - 4}v8` }, a.notch);
  a.missing = draw('text', { x: at.l, y: y + 15 }, a.notch);
}

/** refresh draws what depends on the filter: lines, distributions, brushes. */
export function refresh() {
  const any = filtered();
  pc.classList.toggle('some', any);
  for (const k of S.order) {
    const a = S.axes.get(k), at = S.at.get(k);
    if (a.type === 'cat') boxBars(a, at, any);
    else {
      axisBars(a, at, any);
      placeBrush(a, at);
    }
    valueOf(a);
  }
  drawMatch();
}

function boxBars(a, at, any) {
  const match = new Int32Array(a.boxes), hot = new Int32Array(a.boxes);
  for (const i of S.hits) match[box(a, i)]++;
  for (const i of S.hotHits) hot[box(a, i)]++;
  const most = Math.max(1, ...a.count), wide = at.r - at.l - 8, set = S.filter.brushes.get(a.k)?.set;
  a.box.forEach(({ o, bars, name, n, y, h }, j) => {
    const bar = v => v && h >= 17 ? `M${at.l + 4} ${tenth(y + h - 5)}h${Math.max(1, tenth(v / most * wide))}v2.5H${at.l + 4}z` : '';
    [a.count[j], any ? match[j] : 0, hot[j]].forEach((v, b) => bars[b].setAttribute('d', bar(v)));
    n.textContent = number(any ? match[j] : a.count[j]);
    const chosen = Boolean(set && (set.has(j) || j === a.boxes - 1 && [...set].some(v => v >= j)));
    o.setAttribute('aria-selected', chosen);
    o.setAttribute('aria-label', `${boxLabel(a, j)}, ${match[j]} of ${a.count[j]}`);
    [o, name].forEach(e => e.classList.toggle('off', any && !match[j] && !chosen));
  });
}

// axisBars draws the distribution inside the axis: all, match, hot. What matches is scaled to its own highest bar.
function axisBars(a, at, any) {
  const n = a.bins, all = a.all ??= bins(a, S.mask.keys()), match = any ? bins(a, S.hits) : all, hot = bins(a, S.hotHits);
  const most = Math.max(1, ...all.subarray(0, n)), own = any ? Math.min(most, Math.max(8, ...match.subarray(0, n))) : most;
  const h = S.axis / n, wide = at.r - at.l - 3;
  [all, any ? match : [], hot].forEach((list, b) => {
    let d = '';
    for (let j = 0; j < n; j++) {
      if (list[j]) d += `M${at.l + 2} ${tenth(TOP + S.axis - (j + 1) * h + .5)}h${Math.max(1, tenth(list[j] / (b ? own : most) * wide))}v${tenth(Math.max(1, h - 1))}H${at.l + 2}z`;
    }
    a.bars[b].setAttribute('d', d);
  });
  if (!a.notch) return;
  a.missing.textContent = match[n] ? number(match[n]) : '';
  a.notch.setAttribute('aria-label', `${a.t}: ${number(match[n])} of ${number(a.nul)} not measured`);
  a.notch.setAttribute('aria-pressed', Boolean(S.filter.brushes.get(a.k)?.none));
}

function placeBrush(a, at) {
  const { on, lo, hi } = ends(a), low = yValue(a, lo), high = yValue(a, a.type === 'date' ? hi + 1 : hi);
  a.brush.setAttribute('y', tenth(high));
  a.brush.setAttribute('height', on ? tenth(Math.max(2, low - high)) : 0);
  a.edges.setAttribute('d', on ? `M${at.l + .5} ${tenth(high)}V${tenth(low)}M${at.l - 4} ${tenth(high)}H${at.r + 2}M${at.l - 4} ${tenth(low)}H${at.r + 2}` : '');
  a.hands.forEach(({ o, rect, path }, j) => {
    const y = j ? high : low, v = j ? hi : lo;
    rect.setAttribute('y', tenth(j ? y - 16 : y - 8));
    path.setAttribute('d', `M${at.l - 5} ${tenth(y)}h10l-5 ${j ? -7 : 7}z`);
    o.classList.toggle('set', on);
    o.setAttribute('aria-valuenow', a.type === 'date' ? v : v / 100);
    o.setAttribute('aria-valuetext', a.type === 'date' ? isoDay(a, v) : (v / 100).toFixed(2));
  });
}

// valueOf writes the brush under the title; pressed, it clears.
function valueOf(a) {
  const b = S.filter.brushes.get(a.k), button = $(`.ph[data-k="${CSS.escape(a.k)}"] .v`, heads);
  button.hidden = !b;
  if (!b) return;
  button.textContent = say(a, b);
  button.setAttribute('aria-label', `${a.t} ${button.textContent}: clear`);
  draw('path', { class: 'i-o', d: 'M1.5 1.5l6 6M7.5 1.5l-6 6' }, draw('svg', { width: 9, height: 9, viewBox: '0 0 9 9', 'aria-hidden': 'true' }, button));
}

/** light draws the line of a row on top of all; -1 takes it away. */
export function light(i) {
  lit.replaceChildren();
  if (i < 0) return;
  let d = '';
  const dots = [];
  for (const k of S.order) {
    const at = S.at.get(k), y = tenth(yOf(S.axes.get(k).u[i]));
    d += `${d ? 'L' : 'M'}${at.l} ${y}H${at.r}`;
    dots.push([at.l, y]);
  }
  draw('path', { class: 'hlc', d }, lit);
  draw('path', { class: 'hll', d }, lit);
  dots.forEach(([cx, cy]) => draw('circle', { class: 'hld', cx, cy, r: 3.5 }, lit));
}
