// The list of people: keys go from one to the next. The page of a person: a key opens the question why the identity is needed.
import { $, $$, clamp } from './dom.js';
import { on } from './keys.js';
import { byKey, wants } from './triage.js';

const people = $$('.pn a'), at = () => people.indexOf(document.activeElement);
const step = by => people[clamp(at() + by, 0, people.length - 1)].focus();
if (people.length) {
  on('next', () => step(1));
  on('prev', () => step(-1));
  on('open', () => at() >= 0 && people[at()].click());
}

const box = $('#reveal');

if (box) {
  const ask = () => {
    box.open = true;
    box.scrollIntoView({ block: 'nearest' });
    $('input', box).focus();
  };
  on('reveal', ask);
  if (location.hash === '#ask') ask(); // the same key on an alert leads here
  // A digit picks a reason and asks, unless the reason needs words: then the field gets the focus.
  box.addEventListener('keydown', e => {
    const form = $('form', box);
    if (!e.target.matches('input[type=radio]') || !byKey(e, form)) return;
    const field = wants(form);
    if (field) field.focus();
    else form.requestSubmit();
  });
}
