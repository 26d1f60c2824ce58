// Explore: results as parallel coordinates. The drawing works on columns that it fetches once; the
// filter stands in the address, and the table below is always the server's.
import { $, $$, clamp, fragment, node } from './dom.js';
import { S, dayOf, isoDay, last, many, number, pc, prepare, shortDay } from './explorestate.js';
import { boxSet, ends, filtered, match, read, setBrush, setEnds, textOf } from './explorefilter.js';
import { build, fits, layout, light, refresh, watch } from './exploreaxes.js';
import { bindBrushes } from './explorebrush.js';
import { soon } from './exploredraw.js';
import { takes } from './live.js';
import { bindTable, decidable, showTable } from './exploretable.js';

const field = $('#q'), form = $('[data-form]'), readout = $('[data-read]');
let usual = []; // the axes that are shown unasked

async function load(query = '') {
  const answer = await fetch('/explore.json' + query, { headers: { Accept: 'application/json' } });
  if (answer.status === 304) return false;
  if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
  prepare(await answer.json());
  usual = S.data.axes.filter(a => !a.off).map(a => a.k);
  const asked = S.order.length ? S.order : (new URLSearchParams(location.search).get('axes') || '').split(',');
  S.order = asked.filter((k, i) => S.axes.has(k) && asked.indexOf(k) === i);
  if (S.order.length < 2) S.order = [...usual];
  return true;
}

/** reload takes in what has changed since, with the filter as it is. */
async function reload() {
  const text = S.filter.problem ? field.value : textOf(S.filter);
  if (!await load('?since=' + encodeURIComponent(S.data.tag))) return;
  await take(text);
  rebuilt();
}

async function start() {
  try {
    await load();
  } catch {
    readout.textContent = 'The drawing could not be loaded; the table is complete.';
    return;
  }
  await take(field.value);
  $('.pc-static').setAttribute('hidden', '');
  pc.hidden = false;
  match();
  count();
  build();
  listAxes();
  bindBrushes({ changed, moved, lights, picks });
  bindTable({ lights, reload });
  takes(reload);
  for (const row of $$('[data-results] tbody tr')) row.dataset.i = S.row.get(Number(row.dataset.id));
  let frame = 0;
  watch(() => {
    if (fits()) return;
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(layout);
  });
  new MutationObserver(layout).observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', layout);
}

/* What matches */

let latest;
// take has the server read a filter as typed, and look in texts, which it alone has.
async function take(text) {
  latest = text;
  let meant = { brushes: {}, rest: '' };
  if (text.trim()) {
    const answer = await fetch('/explore.json?' + new URLSearchParams({ q: text }), { headers: { Accept: 'application/json' } }).catch(() => null);
    const body = answer?.ok && await answer.json().catch(() => null);
    if (latest !== text) return; // typed on meanwhile
    meant = body || { ...meant, problem: 'The server cannot be reached.' };
  }
  read(meant);
  S.found = new Uint8Array(S.n);
  for (const id of meant.id ?? []) if (S.row.has(id)) S.found[S.row.get(id)] = 1;
}

function count() {
  const score = S.axes.get('score').c, state = S.axes.get('state'), open = ['new', 'in_review'].map(s => state.v.indexOf(s));
  const seen = new Uint8Array(S.data.person.length), hits = new Int32Array(S.n), hot = new Int32Array(S.n);
  let n = 0, high = 0, people = 0, waiting = 0;
  for (let i = 0; i < S.n; i++) {
    if (!S.mask[i]) continue;
    hits[n++] = i;
    if (!seen[S.data.pi[i]]) people += seen[S.data.pi[i]] = 1;
    if (score[i] >= S.hot) hot[high++] = i;
    if (open.includes(state.c[i])) waiting++;
  }
  S.hits = hits.subarray(0, n);
  S.hotHits = hot.subarray(0, high);
  const who = many(people, 'person', 'people');
  $('[data-heading]').textContent = filtered()
    ? `${number(S.hits.length)} of ${many(S.n, 'result matches', 'results match')}; ${who}`
    : `${many(S.n, 'result', 'results')} from ${who}; brush an axis to narrow them`;
  $('[data-sub]').textContent = `${number(high)} ${high === 1 ? 'scores' : 'score'} 0.7 or more · ${number(waiting)} still ${waiting === 1 ? 'needs' : 'need'} a decision`;
  decidable();
}

let rest;
// changed: while a brush moves, lines, distributions and counts follow; once it rests, the table and the address.
function changed() {
  soon(() => { match(); count(); refresh() });
  clearTimeout(rest);
  rest = setTimeout(settled, 160);
}

function settled(tell = true) {
  const text = textOf(S.filter), problem = $('[data-problem]');
  if (document.activeElement !== field) field.value = S.filter.problem ? field.value : text;
  problem.textContent = S.filter.problem;
  problem.hidden = !S.filter.problem;
  field.toggleAttribute('aria-invalid', S.filter.problem !== '');
  if (!S.filter.problem) address(text);
  fill();
  showTable(S.filter.problem ? field.value : text);
  const said = $('[data-say]'), heading = $('[data-heading]').textContent;
  if (tell && said.textContent !== heading) said.textContent = heading;
}

function address(text) {
  const q = encodeURIComponent(text).replace(/%(3A|2C|3D)/g, decodeURIComponent).replace(/%20/g, '+');
  const parts = [text && 'q=' + q, S.order.join() !== usual.join() && 'axes=' + S.order.join()].filter(Boolean);
  history.replaceState(null, '', location.pathname + (parts.length ? '?' + parts.join('&') : ''));
}

/* The form: the same filters as fields */

function fill() {
  for (const input of $$('input[name]', form)) {
    const [k, end] = input.name.split('.'), a = S.axes.get(k), b = S.filter.brushes.get(k);
    if (!a || input === document.activeElement) continue;
    if (a.type === 'cat') input.checked = Boolean(b?.set) && valuesOf(a, input.value).some(j => b.set.has(j));
    else if (end === 'none') input.checked = Boolean(b?.none);
    else {
      const v = end === 'min' ? b?.lo : b?.hi;
      input.value = v == null ? '' : a.type === 'date' ? isoDay(a, v) : v / 100;
    }
  }
}

const valuesOf = (a, value) => value === 'other' && a.boxes < a.v.length ? boxSet(a, a.boxes - 1) : [a.v.indexOf(value)];

function bindForm() {
  form.addEventListener('input', e => {
    const [k, end] = e.target.name.split('.'), a = S.axes.get(k), b = S.filter.brushes.get(k);
    if (!a) return;
    if (a.type === 'cat') {
      const set = new Set(b?.set);
      valuesOf(a, e.target.value).forEach(j => e.target.checked ? set.add(j) : set.delete(j));
      setBrush(k, { set });
    } else if (end === 'none') setBrush(k, e.target.checked ? { none: true } : null);
    else bound(a, end, e.target.value);
    changed();
  });
  form.addEventListener('submit', e => {
    e.preventDefault();
    const pop = form.closest('details');
    pop.open = false;
    $('summary', pop).focus();
  });
}

function bound(a, end, value) {
  let { lo, hi } = ends(a);
  const v = value === '' ? (end === 'min' ? 0 : last(a)) : a.type === 'date' ? dayOf(a, value) : Math.round(value * 100);
  if (Number.isNaN(v)) return;
  if (end === 'min') lo = clamp(v, 0, hi);
  else hi = clamp(v, lo, last(a));
  setEnds(a, lo, hi);
}

/* Axes: which, and in which order */

function moved(k, to) {
  const from = S.order.indexOf(k);
  to = clamp(to, 0, S.order.length - 1);
  if (from < 0 || to === from) return;
  S.order.splice(from, 1);
  S.order.splice(to, 0, k);
  rebuilt();
}

function rebuilt() {
  match();
  count();
  build();
  listAxes();
  settled(false);
}

function shown(k, on) {
  if (on) {
    const score = S.order.indexOf('score');
    S.order.splice(score < 0 ? S.order.length : score, 0, k);
  } else {
    S.order.splice(S.order.indexOf(k), 1);
    S.filter.brushes.delete(k);
  }
  rebuilt();
}

function listAxes() {
  const list = $('[data-axl]'), focused = document.activeElement?.dataset?.ax;
  list.replaceChildren();
  const off = S.data.axes.map(a => a.k).filter(k => !S.order.includes(k));
  [...S.order, ...off].forEach((k, i) => {
    const a = S.axes.get(k), on = i < S.order.length, box = node('input', { type: 'checkbox', checked: on, disabled: on && S.order.length <= 2 }), li = node('li', {}, node('label', {}, box, a.t));
    box.dataset.ax = k + '.on';
    box.addEventListener('change', () => shown(k, box.checked));
    list.append(li);
    for (const [sign, by, way] of [['↑', -1, 'left'], ['↓', 1, 'right']]) {
      const b = node('button', { type: 'button', ariaLabel: `Move ${a.t} ${way}`, disabled: !on || (by < 0 ? i === 0 : i === S.order.length - 1) }, sign);
      b.dataset.ax = `${k}.${way}`;
      b.addEventListener('click', () => moved(k, i + by));
      li.append(b);
    }
  });
  $('[data-axn]').textContent = `${S.order.length} of ${S.data.axes.length}`;
  if (focused) $(`[data-ax="${CSS.escape(focused)}"]`, list)?.focus();
}

/* A row lights its line, a line lights its row */

let lit = -1;
function lights(i, fromPlot = false) {
  if (i === lit) return;
  lit = i;
  light(i);
  $$('[data-results] tr.lit').forEach(r => r.classList.remove('lit'));
  if (i < 0) return readout.replaceChildren();
  $(`[data-results] tr[data-i="${i}"]`)?.classList.add('lit');
  const word = k => { const a = S.axes.get(k); return a ? a.l[a.c[i]] : '' }, date = S.axes.get('date');
  const who = [S.data.person[S.data.pi[i]], word('role') || word('dept')].filter(Boolean).join(', ');
  readout.replaceChildren(node('b', {}, (S.axes.get('score').c[i] / 100).toFixed(2)), ` ${who} · ${shortDay(date, Math.floor(date.c[i] / 24))} · ${word('model')}${fromPlot ? ' · click to bring it up' : ''}`);
}

// picks brings the row of a line to the top of the table.
async function picks(i) {
  const body = $('[data-results] tbody'), id = S.data.id[i];
  let row = $(`tr[data-id="${id}"]`, body);
  if (!row) {
    const url = '/explore/rows?' + new URLSearchParams({ q: textOf(S.filter), id });
    row = $('tr', await fragment(url).catch(() => node('div')));
  }
  if (!row) return;
  row.dataset.i = i;
  body.prepend(row);
  row.classList.add('lit');
  row.scrollIntoView({ block: 'nearest' });
}

if (pc) {
  let typing;
  const typed = async () => { await take(field.value); changed() };
  field.addEventListener('input', () => { clearTimeout(typing); typing = setTimeout(typed, 200) });
  field.form.addEventListener('submit', e => { if (!S.data) return; e.preventDefault(); clearTimeout(typing); typed() });
  document.addEventListener('click', e => {
    if (!S.data || !e.target.closest('[data-clear]') || e.ctrlKey || e.metaKey || e.shiftKey) return;
    e.preventDefault();
    field.value = '';
    take('').then(changed);
  });
  bindForm();
  start();
}
