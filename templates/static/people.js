// The page of a person: its key opens the question why the identity is needed.
import { $ } from './dom.js';
import { on } from './keys.js';

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
    if (e.ctrlKey || e.metaKey || e.altKey || e.repeat || !e.target.matches('input[type=radio]')) return;
    const radio = $(`input[data-key="${CSS.escape(e.key)}"]`, box);
    if (!radio) return;
    e.preventDefault();
    radio.checked = true;
    const field = radio.dataset.needs && $('#' + radio.dataset.needs);
    if (field && !field.value.trim()) return field.focus();
    $('form', box).requestSubmit();
  });
}
