// Keys: the table of the help dialog says which key is which action; modules say what actions do.
import { $, $$ } from './dom.js';

const actions = new Map();
const keys = new Map($$('#help [data-key]').map(row => [row.dataset.key, row.dataset.name]));

/** on names what an action does; the key, the button and a script all run it by name. */
export const on = (name, fn) => actions.set(name, fn);

/** run does an action, or goes to the page of that name; false if there is neither here. */
function run(name, event) {
  const fn = actions.get(name), link = $(`[data-nav="${name}"]`);
  if (fn) return fn(event) !== false;
  return press(link) !== false;
}

/** press clicks a link or a button if it is there; if not, its action does nothing. */
export function press(target) {
  if (!target) return false;
  target.click();
}

/** ticking binds what goes for each table of rows: open the current row, tick it, tick all; then count counts. */
export function ticking({ rows, current, ticked, count }) {
  on('open', () => press(current() && $('.c3 a', current())));
  on('select', () => { const box = current() && $('.ck', current()); if (!box) return false; box.checked = !box.checked; count() });
  on('all', () => { const all = rows(), every = all.length === ticked().length; all.forEach(tr => { const box = $('.ck', tr); if (box) box.checked = !every }); count() });
}

const stored = (write, value) => { try { return write ? localStorage.setItem('keys', value) : localStorage.getItem('keys') } catch { return null } };
const field = 'input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable], dialog[open]';
let first = '', timer;

document.addEventListener('keydown', e => {
  if (e.defaultPrevented || e.repeat && !'jk'.includes(e.key) || e.isComposing || e.ctrlKey || e.metaKey || e.altKey || stored() === 'off') return;
  if (e.target.closest(field)) { if (e.key === 'Escape') e.target.blur?.(); return }
  if (e.key === 'Enter' && e.target !== document.body && e.target.id !== 'main') return;
  const chord = first ? `${first} ${e.key}` : e.key;
  first = '';
  clearTimeout(timer);
  if (!keys.has(chord) && [...keys.keys()].some(k => k.startsWith(chord + ' '))) {
    first = chord;
    timer = setTimeout(() => { first = '' }, 1200);
    return e.preventDefault();
  }
  if (keys.has(chord) && run(keys.get(chord), e)) e.preventDefault();
});

document.addEventListener('click', e => {
  const button = e.target.closest('[data-do]');
  if (button && run(button.dataset.do, e)) e.preventDefault();
});

on('help', () => $('#help').showModal());
on('close', e => e.target.closest('dialog').close());
on('find', () => {
  const input = $('input[data-find]');
  if (input) return input.focus(), input.select();
  const queue = $('[data-nav="queue"]');
  if (!queue) return false;
  location.href = queue.href + '#q';
});

const toggle = $('[data-keys-on]');
if (toggle) {
  toggle.checked = stored() !== 'off';
  toggle.addEventListener('change', () => stored(true, toggle.checked ? 'on' : 'off'));
}
