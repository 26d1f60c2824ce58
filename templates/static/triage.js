// Decisions: ask for a reason where one is needed, post, tell the page, offer to undo.
import { $, $$, plural, post } from './dom.js';
import { on } from './keys.js';
import { hush, kept, say } from './toast.js';

const done = { confirm: 'confirmed', dismiss: 'dismissed', snooze: 'snoozed', review: 'in review', reopen: 'reopened' };
let page = null, asked = [], last = null, busy = false, refused = '';

/**
 * triage binds a page. It gives targets(event) -> [{id, label, seen}], extra(items) -> params to add,
 * before(items) and failed(items) around the post, decided(record) and undone(record) after it.
 * A page whose items are no alerts gives name(items), opened(dialog, action, items), and for the
 * post url, params(items) and record(items, answer). Items with results were held back: they are about those.
 */
export function triage(of) {
  page = of;
  for (const action of ['confirm', 'dismiss', 'snooze']) on(action, e => ask(action, e));
  for (const action of ['review', 'reopen']) on(action, e => direct(action, e));
  $$('dialog form[data-action]').forEach(bind);
}

on('undo', () => {
  if (last?.items.length) return void undo();
  const form = $('form.un');
  if (!form) return false;
  form.requestSubmit();
});

const was = kept();
if (was) { last = was.record; say(was.text, { undo: Boolean(last) }) }

const named = items => page.name?.(items) ?? (items.length === 1 ? items[0].label : plural(items.length, 'alert', 'alerts'));

// about names what a form is asked about, so that it is known again.
const about = form => form.dataset.action + asked.map(i => ' ' + i.id).join('');

function ask(action, e) {
  const dialog = $(`#d-${action}`), items = page.targets(e);
  if (!dialog || !items.length) return false;
  asked = items;
  $('[data-what]', dialog).textContent = named(items);
  const form = $('form', dialog);
  if (refused !== about(form)) form.reset(); // what was refused may be said again
  problem(dialog, '');
  page.opened?.(dialog, action, items);
  dialog.showModal();
  (action === 'confirm' ? $('.pri', dialog) : $('input', dialog)).focus();
}

async function direct(action, e) {
  asked = page.targets(e);
  if (!asked.length) return;
  try { await send(action, new URLSearchParams()) } catch (e) { say(e.message) }
}

const picked = form => $('input[type=radio]:checked', form);

/** wants is the field that the picked reason needs, if nothing stands in it. */
export function wants(form) {
  const id = picked(form)?.dataset.needs, field = id && $('#' + id);
  return field && !field.value.trim() ? field : null;
}

/** byKey returns the reason, or the button, of the key that was pressed; a reason is picked then. */
export function byKey(e, form) {
  if (e.repeat || e.ctrlKey || e.metaKey || e.altKey || e.target.matches('textarea, input:not([type=radio])')) return null;
  const found = $(`[data-key="${CSS.escape(e.key)}"]`, form);
  if (!found) return null;
  e.preventDefault();
  if (found.type === 'radio') found.checked = true;
  return found;
}

// A digit picks a reason and decides, unless the reason needs more: then the field gets the focus.
function bind(form) {
  const dialog = form.closest('dialog');
  dialog.addEventListener('keydown', e => {
    if (e.key === 'Enter' && !e.shiftKey && !e.isComposing && e.target.matches('textarea')) return e.preventDefault(), form.requestSubmit();
    const found = byKey(e, form);
    if (found?.type === 'radio') found.focus();
    if (found) form.requestSubmit();
  });
  form.addEventListener('submit', async e => {
    e.preventDefault();
    const field = wants(form);
    if (field) {
      problem(dialog, field.name === 'note' ? 'This reason needs a note.' : 'Fill this in first.');
      return field.focus();
    }
    const params = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (value && !skipped(form, name, picked(form))) params.append(name, value);
    const what = about(form);
    try {
      await send(form.dataset.action, params, () => dialog.close());
      refused = '';
    } catch (err) {
      refused = what;
      problem(dialog, err.message);
      page.refused?.(err, params);
    }
  });
}

// Of the ways to say until when, only the one that is picked counts.
function skipped(form, name, radio) {
  if (form.dataset.action !== 'snooze' || !radio) return false;
  return name === 'over' ? radio.dataset.needs !== 'o-snooze' : radio.dataset.needs === 'o-snooze';
}

/** problem says what is wrong in a form; an empty sentence takes that away. */
export function problem(form, sentence) {
  const p = $('.err', form);
  p.hidden = !sentence;
  p.textContent = sentence;
}

async function send(action, params, close) {
  if (busy) throw new Error('The decision before this one is still under way; try again in a moment.');
  const items = asked;
  params.set('action', action);
  for (const [name, value] of page.extra?.(items) ?? []) params.append(name, value);
  busy = true;
  page.before?.(items);
  try {
    const record = page.url ? await other(items, params) : items.length === 1 && !items.part ? await one(items[0], params) : await many(items, params);
    last = { action, ...record };
    const text = said(last, params);
    close?.(); // first: behind an open dialog nothing can take the focus
    page.decided(last, text);
  } catch (e) {
    page.failed?.(items);
    throw e;
  } finally { busy = false }
}

async function one(item, params) {
  params.set('seen', item.seen);
  const answer = await post(`/alerts/${item.id}/decide`, params);
  return { items: [{ ...item, decision: answer.decision }], skipped: [], status: answer.status };
}

async function many(items, params) {
  for (const item of items) params.append('alert', item.id);
  const answer = await post('/alerts/decide', params), by = new Map(items.map(i => [String(i.id), i]));
  return {
    items: answer.decided.map(d => ({ ...by.get(String(d.alert)), decision: d.decision })),
    skipped: answer.skipped ?? [],
    held: answer.held ?? [],
    batch: answer.batch,
    part: items.part,
    params,
  };
}

/** again repeats a decision about many for some that it left out; one undo takes back both. */
export async function again(record, items) {
  const params = new URLSearchParams(record.params);
  for (const name of ['alert', 'id', 'n', 'sum']) params.delete(name);
  params.set('anyway', '1');
  params.set('batch', record.batch);
  items.part = record.part;
  page.before?.(items);
  try {
    const more = await (page.url ? other : many)(items, params);
    last = { ...record, ...more, batch: record.batch || more.batch, items: [...record.items, ...more.items] };
    page.decided({ ...last, items: more.items }, said({ ...last, items: more.items }, params, ' too'));
  } catch (e) {
    page.failed?.(items);
    throw e;
  }
}

async function other(items, params) {
  for (const [name, value] of page.params(items)) params.append(name, value);
  const answer = await post(page.url, params);
  return { skipped: answer.skipped ?? [], held: answer.held ?? [], batch: answer.batch, params, ...page.record(items, answer) };
}

function said(record, params, too = '') {
  const who = record.who ?? (record.part ? params.getAll('model').join(', ') + ' in ' : '') + named(record.items);
  const radio = $(`#d-${params.get('action')} input:checked`);
  const why = params.get('action') === 'dismiss' && radio ? ': ' + radio.labels[0].firstElementChild.nextSibling.textContent.trim().toLowerCase() : '';
  const left = record.skipped.length ? `. ${plural(record.skipped.length, 'alert', 'alerts')} left out: ${[...new Set(record.skipped.map(s => s.why))].join('; ')}` : '';
  const held = record.held?.length ? `. ${plural(record.held.length, 'alert', 'alerts')} held back` : '';
  return `${who} ${done[record.action]}${too}${why}${left}${held}.`;
}

async function undo() {
  const record = last;
  last = null;
  hush();
  const params = new URLSearchParams({ action: 'undo' });
  try {
    if (record.batch) {
      params.set('batch', record.batch);
      record.answer = await post('/alerts/decide', params);
    } else {
      params.set('undoes', record.items[0].decision);
      params.set('seen', record.items[0].decision);
      record.answer = await post(`/alerts/${record.items[0].id}/decide`, params);
    }
  } catch (e) {
    return say(e.message);
  }
  const url = `/alerts/${record.items[0].id}`;
  if (page?.undone) page.undone(record);
  else say('Undone.', { link: ['Open it', url] });
}
