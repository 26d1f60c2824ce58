// What a dismissal of many left out: listed above the queue, to be ticked back in.
import { $, $$, node, plural } from './dom.js';
import { on } from './keys.js';
import { say } from './toast.js';
import { again } from './triage.js';

const box = $('[data-held]'), form = box && $('form', box);
let of = null;

/** held lists what the record of a decision left out. Without any, the list goes. */
export function held(record) {
  if (!box) return;
  box.hidden = !record?.held?.length;
  if (box.hidden) return;
  of = record;
  form.hidden = false;
  $('h2', box).textContent = `${plural(record.held.length, 'alert was', 'alerts were')} held back`;
  $('ul', box).replaceChildren(...record.held.map(h => {
    const tick = node('input', { type: 'checkbox', className: 'ck', name: 'alert', value: h.alert });
    const link = node('a', { className: 'l', href: `/alerts/${h.alert}`, textContent: 'Open' });
    return node('li', {}, node('label', {}, tick, ' ', node('b', { textContent: h.who })), ' ', node('span', { className: 'm', textContent: h.why }), ' ', link);
  }));
  $('input[type=checkbox]', box).focus();
  box.scrollIntoView({ block: 'nearest' });
}

if (form) {
  on('leave', () => { box.hidden = true });
  form.addEventListener('keydown', e => {
    if (!e.target.matches('.ck') || e.ctrlKey || e.metaKey || e.altKey) return;
    if (e.key === 'x') e.target.checked = !e.target.checked;
    else if (e.key === 'Enter') form.requestSubmit();
    else return;
    e.preventDefault();
    e.stopPropagation();
  });
  form.addEventListener('submit', async e => {
    if (!of) return; // the page came with the list: its form is as good
    e.preventDefault();
    const items = $$('input:checked', form).map(tick => of.held.find(h => String(h.alert) === tick.value)).map(h => ({ id: String(h.alert), label: h.who, results: h.results }));
    if (!items.length) return say('Tick whom you mean all the same, or leave them.');
    try { await again(of, items) } catch (err) { say(err.message) }
  });
}
