// The table of explore: its rows come from the server; decisions are about the ticked, or about all that match.
import { $, $$, clamp, fragment, node } from './dom.js';
import { held } from './held.js';
import { on, ticking } from './keys.js';
import { S, many, number } from './explorestate.js';
import { textOf } from './explorefilter.js';
import { say } from './toast.js';
import { triage } from './triage.js';

const table = $('[data-results]'), body = table?.tBodies[0], more = $('[data-more]');
const rows = () => $$('tr[data-id]', body), current = () => $('tr[aria-current]', body);
const ticked = () => rows().filter(r => $('.ck', r)?.checked);
let asked = 0; // the newest request; older answers are dropped

const url = (text, rest = {}) => '/explore/rows?' + new URLSearchParams({ q: text, ...rest });

/** showTable fetches the first rows of a filter. */
export async function showTable(text) {
  const mine = ++asked, n = S.hits.length;
  heading(n);
  table.hidden = n === 0;
  if (!n) { body.replaceChildren(); foot(); return nothing(text, mine) }
  $('[data-zero]').hidden = true;
  try {
    const nodes = await fragment(url(text));
    if (mine === asked) { body.replaceChildren(); take(nodes) }
  } catch (e) { say(e.message) }
}

function take(nodes) {
  for (const row of $$('tr', nodes)) row.dataset.i = S.row.get(Number(row.dataset.id)) ?? -1;
  body.append(nodes);
  foot();
  decidable();
}

function heading(n) {
  $('[data-title]').textContent = many(n, 'result', 'results') + ', highest score first';
  $$('[data-pages]').forEach(e => e.remove());
}

function foot() {
  const n = S.hits.length, shown = rows().length;
  $('[data-footer]').hidden = !n;
  $('[data-foot]').textContent = n ? `Showing ${number(Math.min(shown, n))} of ${number(n)}` : '';
  more.hidden = shown === 0 || shown >= n;
}

// nothing matches: the server's page says so, and which axis to clear.
async function nothing(text, mine) {
  const page = await fragment('/explore?' + new URLSearchParams({ q: text })).catch(() => document);
  if (mine !== asked) return;
  $('[data-zero]').replaceWith($('[data-zero]', page));
  $('[data-zero]').hidden = false;
}

/** decidable says what the buttons would decide on now. */
export function decidable() {
  const bar = $('[data-deciding]'), n = ticked().length;
  if (!bar) return;
  bar.hidden = !S.hits.length;
  $('[data-scope]').textContent = n ? `Decide ${number(n)} selected:` : `Decide all ${number(S.hits.length)}:`;
}

function select(row) {
  current()?.removeAttribute('aria-current');
  row?.setAttribute('aria-current', 'true');
}

function move(step) {
  const all = rows(), at = all.indexOf(current()), row = all[clamp(at + step, 0, all.length - 1)];
  if (!row) return false;
  select(row);
  $('.c3 a', row).focus({ preventScroll: true });
  row.scrollIntoView({ block: 'nearest' });
}

/** bindTable binds rows, keys and decisions. reload() takes in what a decision changed. */
export function bindTable({ lights, reload }) {
  const lit = e => { const row = e.target.closest('tr[data-i]'); if (row) lights(Number(row.dataset.i)) };
  body.addEventListener('pointerover', lit);
  body.addEventListener('pointerleave', () => lights(-1));
  body.addEventListener('focusin', e => { lit(e); select(e.target.closest('tr')) });
  body.addEventListener('focusout', () => lights(-1));
  body.addEventListener('change', decidable);
  more.addEventListener('click', async () => {
    const mine = asked, text = textOf(S.filter), after = rows().at(-1).dataset.after;
    try {
      const nodes = await fragment(url(text, { after }));
      if (mine === asked) take(nodes);
    } catch (e) { say(e.message) }
  });
  on('next', () => move(1));
  on('prev', () => move(-1));
  ticking({ rows, current, ticked, count: decidable });
  if ($('#d-confirm')) bindDecisions(reload);
}

/* Decisions. A button is about the ticked rows, or all that match; a key about the ticked, or the current one. */

function targets(e) {
  const some = ticked().length ? ticked() : e?.type === 'keydown' && current() ? [current()] : null;
  const list = some ? some.map(r => Number(r.dataset.i)) : [...S.hits];
  return list.map(i => ({ id: S.data.id[i], i, all: !some }));
}

const about = items => {
  const people = new Set(items.map(t => S.data.pi[t.i]));
  return `${many(items.length, 'result', 'results')} of ${many(people.size, 'person', 'people')}`;
};

function bindDecisions(reload) {
  const snooze = $('#o-snooze');
  snooze?.previousElementSibling.remove(); // a score to wake at is for one alert
  snooze?.remove();
  triage({
    targets,
    name: about,
    opened(dialog, action, items) {
      const hot = items.filter(t => S.axes.get('score').c[t.i] >= S.hot).length;
      let p = $('[data-hot]', dialog);
      if (!p) {
        p = node('p');
        p.dataset.hot = '';
        $('h2', dialog).after(p);
      }
      p.className = hot && action === 'dismiss' ? 's em' : 's m';
      p.textContent = hot ? `${number(hot)} of them ${hot === 1 ? 'scores' : 'score'} 0.7 or more.` : '';
    },
    url: '/explore/decide',
    params(items) {
      const p = [['q', textOf(S.filter)]];
      if (!items[0].all) return [...p, ...items.flatMap(t => t.results ?? t.id).map(id => ['id', id])];
      return [...p, ['n', items.length], ['sum', items.reduce((sum, t) => sum + Math.imul(t.id | 0, 2654435761) >>> 0, 0)]];
    },
    record: (items, answer) => ({ items: answer.decided.map(d => ({ id: d.alert, decision: d.decision })), who: answer.who }),
    failed: () => reload().catch(() => {}),
    decided(record, text) {
      say(text, { undo: record.items.length > 0 });
      held(record);
      reload().catch(e => say(e.message));
    },
    undone(record) {
      held(null);
      const left = record.answer.skipped ?? [];
      say(left.length ? `Undone, but for ${many(left.length, 'alert', 'alerts')}: ${left.map(s => s.why).join('; ')}` : 'Undone.');
      reload().catch(e => say(e.message));
    },
  });
}
