// Brushes of explore by pointer and by key, and the order of its axes.
import { $, $$, clamp } from './dom.js';
import { S, TOP, last } from './explorestate.js';
import { boxSet, ends, setBrush, setEnds } from './explorefilter.js';
import { heads, over } from './exploreaxes.js';
import { near } from './exploredraw.js';

const split = s => { const i = s.lastIndexOf('.'); return [s.slice(0, i), s.slice(i + 1)] };
const part = (k, p) => $(`[data-f="${CSS.escape(k + '.' + p)}"]`, over);
const y = e => e.clientY - over.getBoundingClientRect().top;
const x = e => e.clientX - over.getBoundingClientRect().left;

function valueAt(a, e) {
  const up = 1 - (y(e) - TOP) / S.axis;
  return a.type === 'date' ? clamp(Math.floor(up * a.days), 0, last(a)) : clamp(Math.round(up * 100), 0, 100);
}

/** bindBrushes calls changed() at every change of a brush, moved(k, place) to move an axis, and lights or picks lines. */
export function bindBrushes({ changed, moved, lights, picks }) {
  const clear = k => { S.filter.brushes.delete(k); changed() };
  const toggle = (k, p) => {
    const a = S.axes.get(k), b = S.filter.brushes.get(k);
    if (p === 'none') setBrush(k, b?.none ? null : { none: true });
    else {
      const set = new Set(b?.set), some = boxSet(a, +p), had = some.some(j => set.has(j));
      some.forEach(j => had ? set.delete(j) : set.add(j));
      setBrush(k, { set });
    }
    changed();
  };
  pointer({ changed, clear, toggle, lights, picks });
  keyboard({ changed, clear, toggle, moved });
  titles({ clear, moved });
}

function pointer({ changed, clear, toggle, lights, picks }) {
  let drag = null;
  over.addEventListener('pointerdown', e => {
    if (e.button) return;
    lights(-1);
    const press = e.target.closest('.pcx, .pno');
    if (press) { toggle(...split(press.dataset.f)); return stop(press, false) }
    const end = e.target.closest('[data-end]')?.dataset.end, k = end ? split(end)[0] : e.target.dataset.hit || e.target.dataset.move;
    if (!k) { const i = near(x(e), y(e)); if (i >= 0) picks(i); return }
    const a = S.axes.get(k), at = ends(a);
    drag = { a, y: y(e), from: at, value: valueAt(a, e), mode: end && at.on ? split(end)[1] : e.target.dataset.move ? 'move' : 'new', moved: false };
    over.setPointerCapture(e.pointerId);
    e.preventDefault();
  });
  over.addEventListener('pointermove', e => {
    if (!drag) {
      if (e.pointerType !== 'touch') lights(e.target.closest('.pcx, .pno, [data-end], [data-move]') ? -1 : near(x(e), y(e)), true);
      return;
    }
    if (!drag.moved && Math.abs(y(e) - drag.y) < 3) return;
    drag.moved = true;
    const { a, from, mode } = drag, v = valueAt(a, e);
    if (mode === 'move') {
      const wide = from.hi - from.lo, lo = clamp(from.lo + v - drag.value, 0, last(a) - wide);
      setEnds(a, lo, lo + wide);
    } else {
      const fixed = mode === 'new' ? drag.value : mode === 'lo' ? from.hi : from.lo;
      setEnds(a, Math.min(v, fixed), Math.max(v, fixed));
    }
    changed();
  });
  over.addEventListener('pointerup', () => {
    if (!drag) return;
    const d = drag;
    drag = null;
    if (!d.moved && d.mode === 'new') clear(d.a.k);
    stop(d.a.hands[0].o, false);
  });
  over.addEventListener('pointercancel', () => { drag = null });
  over.addEventListener('pointerleave', () => { if (!drag) lights(-1) });
  over.addEventListener('dblclick', e => {
    const k = e.target.closest('.pcg')?.dataset.k;
    if (k && S.axes.get(k).type !== 'cat') clear(k);
  });
}

// stop makes a part the one tab stop of the drawing, and goes there.
function stop(o, focus = true) {
  $$('[tabindex="0"]', over).forEach(old => old.setAttribute('tabindex', -1));
  o.setAttribute('tabindex', 0);
  if (!focus) return;
  o.focus({ preventScroll: true });
  o.scrollIntoView({ block: 'nearest', inline: 'nearest' });
}

function keyboard({ changed, clear, toggle, moved }) {
  over.addEventListener('keydown', e => {
    const o = e.target.closest('[data-f]');
    if (!o || e.ctrlKey || e.metaKey) return;
    const [k, p] = split(o.dataset.f), a = S.axes.get(k), i = S.order.indexOf(k);
    const press = e.key === ' ' || e.key === 'Enter', left = e.key === 'ArrowLeft';
    if (left || e.key === 'ArrowRight') sideways(e, k, p, i + (left ? -1 : 1), moved);
    else if (['Delete', 'Backspace', 'Escape'].includes(e.key)) clear(k);
    else if (p === 'none' && press || a.type === 'cat' && press) toggle(k, p);
    else if (p === 'none' && e.key === 'ArrowUp') stop(part(k, 'lo'));
    else if (a.type === 'cat' && (e.key === 'ArrowUp' || e.key === 'ArrowDown')) stop(part(k, clamp(+p + (e.key === 'ArrowUp' ? -1 : 1), 0, a.boxes - 1)));
    else if (a.type === 'cat' || p === 'none') return;
    else if (press) stop(part(k, p === 'lo' ? 'hi' : 'lo'));
    else if (!step(e, a, p)) return;
    else changed();
    e.preventDefault();
    e.stopPropagation();
  });
}

function sideways(e, k, p, to, moved) {
  if (e.altKey) return moved(k, to);
  const next = S.axes.get(S.order[to]);
  if (next) stop(part(next.k, next.type === 'cat' ? 0 : p === 'hi' ? 'hi' : 'lo'));
}

// step moves an end by a key; below 0 lies the notch.
function step(e, a, p) {
  const big = a.type === 'date' ? 7 : 10, small = e.shiftKey ? big : 1;
  const by = { ArrowUp: small, ArrowDown: -small, PageUp: big, PageDown: -big }[e.key];
  if (!by && e.key !== 'Home' && e.key !== 'End') return false;
  let { lo, hi } = ends(a);
  if (p === 'lo' && lo === 0 && e.key === 'ArrowDown' && a.notch) {
    stop(a.notch);
    return true;
  }
  const v = e.key === 'Home' ? 0 : e.key === 'End' ? last(a) : (p === 'lo' ? lo : hi) + by;
  if (p === 'lo') lo = clamp(v, 0, hi);
  else hi = clamp(v, lo, last(a));
  setEnds(a, lo, hi);
  return true;
}

// titles are dragged to move an axis; the value under one clears it.
function titles({ clear, moved }) {
  let drag = null;
  heads.addEventListener('pointerdown', e => {
    const t = e.target.closest('.t');
    if (!t || e.button) return;
    drag = { head: t.parentNode, x: e.clientX, on: false, to: null };
    t.setPointerCapture(e.pointerId);
  });
  heads.addEventListener('pointermove', e => {
    if (!drag || !drag.on && Math.abs(e.clientX - drag.x) < 5) return;
    drag.on = true;
    drag.head.classList.add('drag');
    drag.to = S.order.filter(k => x(e) > (S.at.get(k).l + S.at.get(k).r) / 2).length;
    const a = S.at.get(S.order[drag.to - 1]), b = S.at.get(S.order[drag.to]);
    const at = a && b ? (a.r + b.l) / 2 : b ? b.l - 22 : a.r + 14;
    S.drop.setAttribute('d', `M${at} 0V${S.high}`);
  });
  const end = () => {
    if (!drag) return;
    const { head, on, to } = drag;
    drag = null;
    head.classList.remove('drag');
    S.drop.setAttribute('d', '');
    const from = S.order.indexOf(head.dataset.k);
    if (on && to != null) moved(head.dataset.k, to > from ? to - 1 : to);
  };
  heads.addEventListener('pointerup', end);
  heads.addEventListener('pointercancel', end);
  heads.addEventListener('click', e => {
    const v = e.target.closest('.v');
    if (v) clear(v.parentNode.dataset.k);
  });
}
