// Who somebody is, for a reason: the key asks, the server answers with the page that shows it.
import { $ } from './dom.js';
import { on } from './keys.js';

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
    if (e.repeat || e.ctrlKey || e.metaKey || e.altKey || e.target.matches('input:not([type=radio])')) return;
    const radio = $(`input[data-key="${CSS.escape(e.key)}"]`, dialog);
    if (!radio) return;
    e.preventDefault();
    radio.checked = true;
    form.requestSubmit();
  });
  form.addEventListener('submit', e => {
    const field = $('input[type=radio]:checked', form)?.dataset.needs, words = field && $('#' + field);
    if (!words || words.value.trim()) return;
    e.preventDefault();
    const error = $('.err', form);
    error.textContent = 'This reason needs a few words.';
    error.hidden = false;
    words.focus();
  });
}
