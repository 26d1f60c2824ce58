// The page of one alert: decide on it, then go to the next.
import { $, $$, post } from './dom.js';
import { on, press } from './keys.js';
import { keep, say } from './toast.js';
import { problem, triage } from './triage.js';

const head = $('[data-alert]');

if (head) {
  // A page that was fetched ahead goes on record when it is looked at.
  if (head.hasAttribute('data-unseen')) post(`/alerts/${head.dataset.alert}/look`, new URLSearchParams()).catch(e => { $('main').textContent = e.message });
  on('next', () => press($('.crumb [rel=next]')));
  on('prev', () => press($('.crumb [rel=prev]')));
  on('person', () => press($('.hd1 h1 a')));
  on('note', () => { const note = $('#note'); if (!note) return false; note.focus() });
  if ($('#decide')) bind();
}

function bind() {
  const boxes = $$('input[name=result]');
  triage({
    targets: () => [{ id: head.dataset.alert, label: head.dataset.label, seen: $('#decide [name=seen]').value }],
    // What somebody else made impossible is not lost: it stands in the note after a reload.
    refused(err, params) {
      if (err.status === 409 && params.get('note')) sessionStorage.setItem('draft', JSON.stringify({ id: head.dataset.alert, note: params.get('note') }));
    },
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
  const form = $('form[data-note]'), draft = JSON.parse(sessionStorage.getItem('draft') ?? 'null');
  if (draft?.id === head.dataset.alert) {
    for (const field of $$('#note, #n-confirm, #n-dismiss')) field.defaultValue ||= draft.note;
    sessionStorage.removeItem('draft');
  }
  form?.addEventListener('submit', async e => {
    e.preventDefault();
    problem(form, '');
    try {
      await post(form.action, new URLSearchParams(new FormData(form)));
      keep({ text: 'Note saved.', record: null });
      location.reload();
    } catch (err) {
      problem(form, err.message);
    }
  });
}
