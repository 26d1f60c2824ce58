// The page of one alert: decide on it, then go to the next.
import { $, $$, post } from './dom.js';
import { on } from './keys.js';
import { keep, say } from './toast.js';
import { triage } from './triage.js';

const head = $('[data-alert]');
const go = rel => () => { const link = $(`.crumb [rel=${rel}]`); if (!link) return false; link.click() };

if (head) {
  on('next', go('next'));
  on('prev', go('prev'));
  on('note', () => { const note = $('#note'); if (!note) return false; note.focus() });
  if ($('#decide')) bind();
}

function bind() {
  const boxes = $$('input[name=result]');
  triage({
    targets: () => [{ id: head.dataset.alert, label: head.dataset.label, seen: $('#decide [name=seen]').value }],
    extra() {
      const ticked = boxes.filter(box => box.checked);
      if (boxes.length && !ticked.length) throw new Error('Tick at least one result for the decision to cover.');
      return ticked.map(box => ['result', box.value]);
    },
    decided(record, text) {
      keep({ text, record });
      const moves = ['confirm', 'dismiss', 'snooze'].includes(record.action), next = $('.crumb [rel=next]') ?? $('.crumb a');
      if (moves) location.href = next.href;
      else location.reload();
    },
    undone(record) {
      if (record.items[0].id !== head.dataset.alert) return say('Undone.', { link: ['Open it', `/alerts/${record.items[0].id}`] });
      keep({ text: 'Undone.', record: null });
      location.reload();
    },
  });
  const form = $('form[data-note]');
  form?.addEventListener('submit', async e => {
    e.preventDefault();
    const error = $('.err', form);
    error.hidden = true;
    try {
      await post(form.action, new URLSearchParams(new FormData(form)));
      keep({ text: 'Note saved.', record: null });
      location.reload();
    } catch (err) {
      error.textContent = err.message;
      error.hidden = false;
    }
  });
}
