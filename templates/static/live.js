// Live: one event stream. Rows never move under the reader: what arrives waits behind a pill.
import { $, $$, node, plural } from './dom.js';
import { on } from './keys.js';
import { say } from './toast.js';
import { busy, fresh, row, rows, select } from './queue.js';

const light = $('[data-live]'), pill = $('.newbar'), me = $('.menu bdi')?.textContent, alert = $('[data-alert]')?.dataset.alert;
const waiting = new Set(); // ids of alerts that are not on the page
let more = 0; // further ones, that the server counted only
let stream, offSince = 0, lastId = '', retry, take;

/** takes names what takes in all that is new; decisions of others are news then, too. */
export const takes = fn => { take = fn };

const title = document.title;
function paint() {
  if (!pill) return;
  const n = waiting.size + more, text = `${plural(n, 'alert', 'alerts')} ${pill.dataset.news}`;
  pill.hidden = n === 0;
  $('[data-new]', pill).textContent = text;
  $('[data-heard]').textContent = n ? text : '';
  document.title = (n ? `(${n}) ` : '') + title;
}

async function show() {
  if (!waiting.size) return;
  const ids = [...waiting];
  if (!take && (more || !rows().length)) return location.reload();
  try {
    const came = await (take ?? fresh)(ids);
    ids.forEach(id => waiting.delete(id));
    more = 0;
    paint();
    if (came?.length) select(came.reduce((a, b) => Number(b.dataset.prio) > Number(a.dataset.prio) ? b : a));
  } catch (e) { say(e.message) }
}

// Rows that are shown already take in what is new where they stand.
let changed = new Set(), soon;
function renew(id) {
  changed.add(id);
  soon ??= setTimeout(async () => {
    const ids = [...changed];
    changed = new Set();
    soon = undefined;
    await fresh(ids).catch(() => {});
  }, 400);
}

function arrived({ ids, new: n }) {
  if ($('[data-tick="alerts"]')) return first();
  for (const id of ids.map(String)) {
    if (id === alert) news('This alert has new results.');
    else if (row(id)) renew(id);
    else waiting.add(id);
  }
  more += n - ids.length;
  paint();
}

function counted(n) {
  const text = v => v.toLocaleString('en');
  $$('[data-open]').forEach(e => { e.textContent = text(n.open); e.hidden = !n.open });
  for (const [name, value] of Object.entries(n)) {
    $$(`[data-count="${name}"]`).forEach(e => { e.textContent = text(value) });
  }
  $$('[data-noun]').forEach(e => { e.textContent = n.open === 1 ? 'alert needs' : 'alerts need' });
}

function decided({ alert: id, state, by }) {
  const words = { confirmed: 'confirmed', dismissed: 'dismissed', snoozed: 'snoozed', in_review: 'took', new: 'reopened' }[state] ?? 'changed';
  if (take && by !== me) waiting.add(String(id));
  else if (!take) waiting.delete(String(id));
  paint();
  if (String(id) === alert) return news(`${by} ${words} this alert.`);
  const tr = row(id);
  if (!tr || busy.has(String(id))) return;
  if (state === 'new' || state === 'in_review') return renew(String(id));
  tr.classList.add('gone');
  $('.c7 .st > bdi', tr).textContent = words[0].toUpperCase() + words.slice(1);
  $('.c7 .l2', tr).textContent = 'by ' + by;
}

function news(sentence) {
  const box = $('[data-news]');
  box.replaceChildren(sentence + ' ', node('a', { href: location.href }, 'Reload'));
  box.hidden = false;
}

// The list of a first run ticks itself: a result has come, so all that it takes is done.
function first() {
  const done = $('[data-ticks] .ic-dismissed');
  if (done) $$('[data-ticks] .ic-new').forEach(sign => sign.replaceWith(done.cloneNode(true)));
  $$('[data-waiting]').forEach(e => { e.textContent = e.dataset.waiting });
  $('[data-there]').hidden = false;
}

function lamp(text, off) {
  light.hidden = false;
  light.toggleAttribute('data-state', false);
  if (off) light.dataset.state = 'off';
  const span = $('span', light);
  if (span.textContent !== text) span.textContent = text;
}

function connect() {
  stream?.close();
  clearTimeout(retry);
  const url = new URL(document.body.dataset.events, location.href);
  if (lastId) url.searchParams.set('since', lastId);
  stream = new EventSource(url);
  stream.onopen = () => { offSince = 0; lamp('Live', false); $('button', light).hidden = true };
  stream.onerror = lost;
  for (const [name, fn] of Object.entries({ alerts: arrived, counts: counted, decided })) {
    stream.addEventListener(name, e => { lastId = e.lastEventId || lastId; fn(JSON.parse(e.data)) });
  }
}

function lost() {
  offSince ||= Date.now();
  if (Date.now() - offSince < 30000) {
    lamp('Reconnecting', true);
    if (stream.readyState === EventSource.CLOSED) retry = setTimeout(connect, 3000);
    return;
  }
  stream.close();
  const time = new Date(offSince).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
  lamp(`Live updates stopped, ${time}`, true);
  $('button', light).hidden = false;
}

if (light) {
  on('arrivals', show);
  connect();
  $('button', light).addEventListener('click', () => { offSince = 0; lamp('Reconnecting', true); connect() });
  addEventListener('pagehide', () => stream.close());
  addEventListener('pageshow', e => { if (e.persisted) connect() });
  // A browser opens six connections to a server: only the queue keeps its own in a tab behind.
  if (!$('.vl')) document.addEventListener('visibilitychange', () => { if (document.hidden) stream.close(); else connect() });
}
