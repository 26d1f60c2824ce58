// Small helpers that every module shares.
export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
export const plural = (n, one, many) => `${n} ${n === 1 ? one : many}`;
export const clamp = (v, low, high) => v < low ? low : v > high ? high : v;

export const DAY = 864e5;
const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
/** shortDate writes "23 Nov". */
export const shortDate = date => `${date.getUTCDate()} ${months[date.getUTCMonth()]}`;

/** node makes an element with properties and children. */
export function node(tag, props = {}, ...children) {
  const e = Object.assign(document.createElement(tag), props);
  e.append(...children);
  return e;
}

// The only place where text becomes HTML: fragments of our own server, for which the policy exists.
const policy = globalThis.trustedTypes?.createPolicy('citd', { createHTML: html => html });

/** fragment fetches a piece of a page from this server and returns its nodes. */
export async function fragment(url, options = {}) {
  const answer = await fetch(url, { headers: { Accept: 'text/html' }, ...options }).catch(() => { throw new Error('The server cannot be reached.') });
  if (!answer.ok || answer.redirected) throw new Error(`The server answered ${answer.status}.`);
  const html = await answer.text(), template = document.createElement('template');
  template.innerHTML = policy ? policy.createHTML(html) : html;
  return template.content;
}

/** post sends a form as the page itself would, and returns the answer; an error carries a sentence to show. */
export async function post(url, params) {
  let answer;
  try {
    answer = await fetch(url, { method: 'POST', body: params, headers: { Accept: 'application/json' } });
  } catch {
    throw new Error('The server cannot be reached; nothing was changed.');
  }
  if (answer.status === 401 || answer.redirected) throw new Error('You are signed out; nothing was changed. Sign in in another tab, then try again.');
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(body.error || `The server answered ${answer.status}; nothing was changed.`), { status: answer.status });
  return body;
}
