// What every page needs; the other modules bind themselves to what they find on it.
import { $, $$, post } from './dom.js';
import './keys.js';
import './toast.js';
import './triage.js';
import './queue.js';
import './alert.js';
import './peek.js';
import './reveal.js';
import './live.js';

$$('.js[hidden]:not([data-picked])').forEach(e => { e.hidden = false });

// Where bars scroll sideways, what is current is in sight.
$$('.nav [aria-current], .vl [aria-current]').forEach(a => { a.parentNode.scrollLeft = a.offsetLeft + a.offsetWidth / 2 - innerWidth / 2 });

// The part of the settings that one came for, or reads now, is marked.
const parts = $$('.sets section');
if (parts.length) {
  const top = part => part.getBoundingClientRect().top;
  const mark = () => {
    const here = parts.find(p => '#' + p.id === location.hash && top(p) >= 0 && top(p) < innerHeight - 60) ?? (scrollY > 8 && parts.findLast(p => top(p) < innerHeight / 3) || parts[0]);
    $$('.sets nav a').forEach(a => { a.ariaCurrent = a.hash === '#' + here.id ? 'true' : null });
  };
  mark();
  addEventListener('scroll', mark, { passive: true });
  addEventListener('hashchange', mark);
}

// A sign-in link has one button; where there is script, nobody needs to press it.
$('form[data-press]')?.requestSubmit();

// The theme goes round without a reload; the server keeps it in a cookie.
const theme = $('[data-theme-form]');
theme?.addEventListener('submit', e => {
  e.preventDefault();
  const button = $('button', theme), order = ['auto', 'light', 'dark'], now = button.value;
  if (now === 'auto') document.documentElement.removeAttribute('data-theme');
  else document.documentElement.dataset.theme = now;
  button.value = order[(order.indexOf(now) + 1) % 3];
  button.title = 'Theme: ' + (now === 'auto' ? 'automatic' : now);
  button.setAttribute('aria-label', button.title);
  post('/appearance', new URLSearchParams({ theme: now })).catch(() => {});
});

// A menu closes when one looks elsewhere.
document.addEventListener('click', e => $$('details.pop[open]').forEach(d => { if (!d.contains(e.target)) d.open = false }));
document.addEventListener('keydown', e => { if (e.key === 'Escape') $$('details.pop[open]').forEach(d => { d.open = false; $('summary', d).focus() }) });

// Ages grow while the page stands open, by the clock of the server.
const skew = Date.parse(document.body.dataset.now) - Date.now();
setInterval(() => $$('time[data-age]').forEach(t => {
  const min = Math.floor((Date.now() + skew - Date.parse(t.dateTime)) / 60000);
  if (min < 144000) t.textContent = min < 1 ? 'now' : min < 60 ? `${min} min` : min < 1440 ? `${Math.floor(min / 60)} h` : `${Math.floor(min / 1440)} d`;
}), 60000);
