// The queue: a current row, ticked rows, rows that leave, come back and arrive.
import { $, $$, clamp, fragment, plural, post } from './dom.js';
import { held } from './held.js';
import { on, ticking } from './keys.js';
import { keep, say } from './toast.js';
import { triage } from './triage.js';

const table = $('[data-queue]'), body = table?.tBodies[0];

// leaves tells whether an alert leaves this view by an action.
function leaves(action) {
  const view = table.dataset.view;
  if (view === 'all') return false;
  return action === 'review' ? view === 'snoozed' : action !== 'snooze' || view !== 'snoozed';
}

export const rows = () => body ? $$('tr[data-id]', body) : [];
export const row = id => body && $(`#a${CSS.escape(String(id))}`, body);
const current = () => body && $('tr[aria-current]', body);
const ticked = () => rows().filter(tr => $('.ck', tr)?.checked);

// The panel beside the list listens for which row is the current one, and whether that row is new.
const tell = () => table.dispatchEvent(new CustomEvent('current', { detail: current() }));

/** select makes a row the current one; with the keyboard its link gets the focus too. */
export function select(tr, focus = true) {
  $$('tr[aria-current]', body).forEach(old => old.removeAttribute('aria-current'));
  if (!tr) return;
  tr.setAttribute('aria-current', 'true');
  tell();
  if (!focus) return;
  $('.c3 a', tr).focus({ preventScroll: true });
  tr.scrollIntoView({ block: 'nearest' });
}

function move(step) {
  const all = rows(), at = all.indexOf(current());
  select(at < 0 ? all[0] : all[clamp(at + step, 0, all.length - 1)]);
}

function count() {
  const n = ticked().length, bar = $('[data-bulk]'), picked = $('[data-picked]');
  if (!bar) return;
  bar.classList.toggle('on', n > 0);
  picked.hidden = n === 0;
  picked.textContent = plural(n, 'alert', 'alerts') + ' selected';
}

const item = tr => ({ id: tr.dataset.id, label: $('.c3 a', tr).textContent, seen: tr.dataset.seen });

// The line below the list keeps count of what leaves it and comes back. What arrives may have counted before;
// and the total of a whole view comes with the counts.
function shown(change = 0) {
  const total = $('[data-total]'), now = rows().length;
  $('[data-shown]').textContent = now;
  if (!total.dataset.count) total.textContent = Math.max(now, Number(total.textContent.replaceAll(',', '')) + change).toLocaleString('en');
}

/** busy holds the ids of decisions under way, whose rows live events are not to touch. */
export const busy = new Set();
const gone = new Map(); // id -> {tr, next}: rows taken out, and where they stood

function takeOut(ids, text, record) {
  const all = rows(), at = all.indexOf(row(ids[0]));
  for (const id of ids) {
    const tr = row(id);
    if (!tr) continue;
    gone.set(id, { tr, next: tr.nextElementSibling });
    tr.remove();
    tr.removeAttribute('aria-current');
  }
  const left = rows();
  shown(left.length - all.length);
  if (left.length) return select(left[clamp(at, 0, left.length - 1)]);
  keep({ text, record });
  location.reload();
}

function putBack(ids) {
  const had = rows().length;
  for (const id of [...ids].reverse()) {
    const { tr, next } = gone.get(id) ?? {};
    if (!tr || row(id)) continue;
    body.insertBefore(tr, next?.parentNode ? next : null);
    if ($('.ck', tr)) $('.ck', tr).checked = false;
    gone.delete(id);
  }
  shown(rows().length - had);
}

// renewed puts a row in the place of an older one, which may have been ticked or the current one, or have the focus.
function renewed(old, tr) {
  if ($('.ck', old)?.checked) $('.ck', tr).checked = true;
  if (old.hasAttribute('aria-current')) tr.setAttribute('aria-current', 'true');
  const focused = old.contains(document.activeElement);
  old.replaceWith(tr);
  if (focused) $('.c3 a', tr).focus({ preventScroll: true });
  if (tr.hasAttribute('aria-current')) tell();
}

/** fresh fetches rows of this view and puts each in: in its place if it is there, else at its rank. */
export async function fresh(ids) {
  const url = new URL(location.href);
  url.searchParams.delete('after');
  url.searchParams.set('rows', '1');
  url.searchParams.set('ids', ids.join(','));
  const came = [];
  for (const tr of $$('tr', await fragment(url))) {
    const old = row(tr.dataset.id);
    if (old) {
      renewed(old, tr);
    } else {
      tr.classList.add('fresh');
      body.insertBefore(tr, rows().find(other => Number(other.dataset.prio) < Number(tr.dataset.prio)) ?? null);
      came.push(tr);
    }
  }
  shown();
  return came;
}

// A filter that reads evidence looks at some alerts an answer: the page goes on by itself until it is full.
async function further(link) {
  const full = 50;
  for (let found = rows().length; ;) {
    const page = await fragment(link.href), next = $('[data-further]', page), came = $$('[data-queue] tr[data-id]', page);
    if (!found && came.length) return location.replace(link.href);
    if (!found && !next) return $('[data-zero]').replaceWith($('[data-zero]', page));
    body.append(...came.filter(tr => !row(tr.dataset.id)));
    found += came.length;
    shown();
    if (!next || found >= full) {
      if (!$('.foot [rel=next]', page)) $('[data-more]')?.remove();
      return link.replaceWith($('.foot [rel=next]', page) ?? '');
    }
    link.href = next.href;
  }
}

async function refresh(ids) {
  for (const id of ids) {
    const tr = $('tr', await fragment(`/alerts/${id}?row=1`)), old = row(id);
    if (tr && old) renewed(old, tr);
  }
}

// In a view that was found by its model, ticked alerts are decided as far as that model goes.
const models = () => $$('#bulk > [name=model]').map(field => ['model', field.value]);

// What a key, a button or the panel is about: the panel is about its own alert, whatever is ticked.
function targets(e) {
  const many = e?.target.closest?.('[data-peek]') ? [] : ticked();
  const items = (many.length ? many : [current()]).filter(Boolean).map(item);
  items.part = many.length > 0 && models().length > 0;
  return items;
}

function bindTriage() {
  triage({
    targets,
    extra: items => items.part ? models() : [],
    opened(dialog, action, items) { $$('[data-one]', dialog).forEach(e => { e.hidden = items.length > 1 || items.part }) },
    before: items => items.forEach(i => busy.add(i.id)),
    failed: items => items.forEach(i => busy.delete(i.id)),
    decided(record, text) {
      const ids = record.items.map(i => i.id);
      record.skipped.forEach(s => busy.delete(String(s.alert)));
      if (record.action === 'confirm' || record.action === 'dismiss') $('[data-steps]')?.classList.add('done');
      if (record.part || leaves(record.action)) takeOut(ids, text, record);
      else refresh(ids).catch(() => {});
      ids.forEach(id => busy.delete(id));
      ticked().forEach(tr => { $('.ck', tr).checked = false });
      count();
      say(text, { undo: true });
      held(record);
    },
    async undone(record) {
      held(null);
      const ids = record.items.map(i => i.id);
      const left = record.answer.skipped ?? [];
      const text = left.length ? `Undone, but for ${plural(left.length, 'alert', 'alerts')}: ${left.map(s => s.why).join('; ')}.` : 'Undone.';
      putBack(ids);
      if (!ids.every(row)) return keep({ text, record: null }), location.reload();
      await refresh(ids).catch(() => {});
      select(row(ids[0]));
      say(text);
    },
  });
}

if (body) {
  on('next', () => move(1));
  on('prev', () => move(-1));
  ticking({ rows, current, ticked, count });
  on('person', () => { const url = current()?.dataset.person; if (!url) return false; location.href = url });
  on('dense', () => { const dense = table.classList.toggle('dense'); post('/appearance', new URLSearchParams({ dense: dense ? '1' : '0' })).catch(() => {}) });
  on('prevview', () => view(-1));
  on('nextview', () => view(1));
  body.addEventListener('click', e => { const tr = e.target.closest('tr[data-id]'); if (tr && !e.target.closest('a, input')) select(tr, false) });
  body.addEventListener('focusin', e => { const tr = e.target.closest('tr[data-id]'); if (tr && !tr.hasAttribute('aria-current')) select(tr, false) });
  body.addEventListener('dblclick', e => { const tr = e.target.closest('tr[data-id]'); if (tr && !e.target.closest('a, input')) $('.c3 a', tr).click() });
  body.addEventListener('change', count);
  if ($('#d-confirm')) bindTriage();
  if (location.hash === '#q') $('input[data-find]').focus();
  else select(location.hash.startsWith('#a') && row(location.hash.slice(2)) || rows()[0], false);
  count();
  const link = $('[data-further]'), label = link?.textContent;
  if (link) {
    link.textContent = 'Looking further…';
    further(link).catch(() => { link.textContent = label });
  }
}

function view(step) {
  const all = $$('.vl a'), at = all.findIndex(a => a.hasAttribute('aria-current'));
  if (!all.length) return false;
  all[(at + step + all.length) % all.length].click();
}
