// Who somebody is, for a reason: the key asks, the server answers with the page that shows it.
import { $ } from './dom.js';
import { on } from './keys.js';
import { byKey, problem, wants } from './triage.js';

const dialog = $('#d-reveal'), form = dialog && $('form', dialog);

if (dialog) {
  on('reveal', () => {
    const of = $('[data-alert]') ?? $('[data-queue] tr[aria-current]'), url = of?.dataset.reveal;
    if (!url) return false;
    form.reset();
    form.action = url;
    form.elements.back.value = location.pathname + location.search + (of.dataset.alert ? '' : `#a${of.dataset.id}`);
    $('[data-what]', dialog).textContent = of.dataset.label ?? $('.c3 a', of).textContent;
    dialog.showModal();
    $('input[type=radio]', dialog).focus();
  });
  // A digit picks a reason and asks, unless the reason needs words: then the field gets the focus.
  dialog.addEventListener('keydown', e => {
    if (byKey(e, form)) form.requestSubmit();
  });
  form.addEventListener('submit', e => {
    const words = wants(form);
    if (!words) return;
    e.preventDefault();
    problem(form, 'This reason needs a few words.');
    words.focus();
  });
}
