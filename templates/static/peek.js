// The panel beside the list shows the current row. It never holds up the keys.
import { $, fragment, post } from './dom.js';

const box = $('[data-peek]'), table = $('[data-queue]'), wide = matchMedia('(min-width: 1280px)');
let row = null, load, soon, look;

// One who goes on within 90 ms is only passing. The old alert stays, pale, until the new one is there.
function show() {
  clearTimeout(soon);
  clearTimeout(look);
  load?.abort();
  if (!row || !wide.matches) return;
  if (!$(`[data-peeked="${row.dataset.id}"]`, box)) box.setAttribute('aria-busy', 'true');
  soon = setTimeout(fetchIt, 90, row.dataset.id);
}

async function fetchIt(id) {
  load = new AbortController();
  const signal = load.signal;
  try {
    const nodes = await fragment(`/alerts/${id}?peek=1`, { signal });
    if (signal.aborted) return;
    box.replaceChildren(nodes);
    box.scrollTop = 0;
    look = setTimeout(looked, 2000, id);
  } catch (e) {
    if (signal.aborted) return;
    box.textContent = 'This alert could not be shown here. ' + e.message;
  }
  box.removeAttribute('aria-busy');
}

// Shown for two seconds is looked at, and goes on record.
function looked(id) {
  if (document.hidden) {
    document.addEventListener('visibilitychange', () => { if (box.querySelector(`[data-peeked="${id}"]`)) look = setTimeout(looked, 2000, id) }, { once: true });
    return;
  }
  post(`/alerts/${id}/look`, new URLSearchParams()).catch(e => { box.textContent = 'It is shown only to those whose look is put on record. ' + e.message });
}

if (box && table) {
  table.addEventListener('current', e => { row = e.detail; show() });
  wide.addEventListener('change', show);
  row = $('tr[aria-current]', table);
  show();
}
