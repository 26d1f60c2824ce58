// The toast says what was done. It outlives one change of page, so that a decision can be undone on the next.
import { $ } from './dom.js';

const box = $('.toast'), text = $('[data-said]', box ?? undefined), more = $('[data-more]', box ?? undefined);
let timer;

/** say shows a sentence for eight seconds, with Undo or with a link to go on. */
export function say(sentence, { undo = false, link = null } = {}) {
  if (!box) return;
  box.hidden = false;
  text.textContent = sentence;
  $('button', box).hidden = !undo;
  more.hidden = !link;
  if (link) [more.textContent, more.href] = link;
  clearTimeout(timer);
  timer = setTimeout(hush, 8000);
}

/** hush takes the toast away. */
export const hush = () => { if (box) box.hidden = true };

/** keep hands something to the next page of this tab; kept takes it out there. */
export const keep = value => { try { sessionStorage.setItem('done', JSON.stringify(value)) } catch { /* no storage: no toast */ } };
export function kept() {
  try {
    const value = JSON.parse(sessionStorage.getItem('done'));
    sessionStorage.removeItem('done');
    return value;
  } catch { return null }
}

// Who is reading, or about to press Undo, is not to be hurried.
box?.addEventListener('pointerenter', () => clearTimeout(timer));
box?.addEventListener('focusin', () => clearTimeout(timer));
box?.addEventListener('pointerleave', () => { timer = setTimeout(hush, 8000) });
