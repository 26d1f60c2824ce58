// The heat map: order, brush, row height, crosshair. Every row carries its days; the server drew the same.
import { $, $$, DAY, clamp, node, plural, shortDate } from './dom.js';

const hm = $('[data-hm]'), weekdays = 'Sun Mon Tue Wed Thu Fri Sat'.split(' ');

if (hm) bind();

function bind() {
  const list = $('[data-rows]'), plot = $('[data-plot]'), brush = $('[data-brush]'), bar = $('[data-bar]'), read = $('[data-read]');
  const rows = [...list.children].map(li => ({
    li, link: $('a', li), sub: li.dataset.sub, dept: $('.f', li).textContent, label: $('a', li).textContent,
    days: Int8Array.from(li.dataset.s.split(' '), v => v === '.' ? -1 : Number(v)),
  }));
  const wide = rows[0].days.length, high = rows.length, start = Date.parse(hm.dataset.from);
  const state = { order: hm.dataset.order, first: Number(hm.dataset.first), last: Number(hm.dataset.last), who: rows[0], day: wide - 1 };
  const date = d => new Date(start + d * DAY), iso = d => date(d).toISOString().slice(0, 10);
  const short = d => shortDate(date(d));

  // What the window makes of each person, as handlers/heatmap.go does.
  function sums() {
    for (const r of rows) {
      Object.assign(r, { sum: 0, peak: -1, over: 0 });
      for (let d = state.first; d <= state.last; d++) {
        const v = r.days[d];
        r.sum += Math.max(0, v - 45);
        r.peak = Math.max(r.peak, v);
        if (v >= 60) r.over++;
      }
    }
  }
  const text = (a, b) => a < b ? -1 : a > b ? 1 : 0;
  const out = (a, b) => b.sum - a.sum || b.peak - a.peak || text(a.label, b.label);
  const by = {
    out, peak: (a, b) => b.peak - a.peak || out(a, b), label: (a, b) => text(a.label, b.label),
    dept: (a, b) => (a.dept === '') - (b.dept === '') || text(a.dept, b.dept) || out(a, b),
  };

  function arrange() {
    sums();
    rows.sort(by[state.order]);
    list.append(...rows.map(r => { r.li.classList.toggle('pin', r.peak >= 75); return r.li }));
    drawCells();
    drawSide();
    rank();
    if ($('.on', list)) show(rows.indexOf(state.who), state.day); // the crosshair stays with the person
    $('[data-ordered]').textContent = { out: 'by how far and how often they pass 0.45 inside the window', peak: 'by their highest score inside the window', dept: 'by department', label: 'by the alphabet' }[state.order];
  }

  function drawCells() {
    const paths = ['', '', '', '', ''];
    rows.forEach((r, y) => r.days.forEach((v, x) => { if (v >= 30) paths[v < 90 ? (v - 30) / 15 | 0 : 4] += `M${x} ${y}h.9v.86h-.9z` }));
    paths.forEach((d, i) => $('.h' + (i + 1), plot).setAttribute('d', d));
  }

  function drawSide() {
    const most = Math.max(1, ...rows.map(r => r.sum)), bars = ['', ''];
    rows.forEach((r, y) => {
      const w = r.sum / most * 100;
      if (w <= .5) return;
      const bar = `M0 ${y}.12h${Math.round(w * 10) / 10}v.76H0z`;
      bars[0] += bar;
      if (r.peak >= 75) bars[1] += bar;
    });
    $$('[data-side] path').forEach((p, i) => p.setAttribute('d', bars[i]));
  }

  function rank() {
    const top = rows.filter(r => r.sum > 0).sort(out).slice(0, 8), items = $('[data-rank]');
    $('[data-window]').textContent = state.first === state.last ? short(state.last)
      : date(state.first).getUTCMonth() === date(state.last).getUTCMonth() ? `${date(state.first).getUTCDate()} to ${short(state.last)}` : `${short(state.first)} to ${short(state.last)}`;
    $('[data-calm]').hidden = top.length > 0;
    items?.replaceChildren(...top.map(r => {
      const link = r.link.cloneNode(true), words = [['b', (r.peak / 100).toFixed(2)], ['s', [r.sub, r.dept].filter(Boolean).join(' · ')], ['s', plural(r.over, 'day', 'days') + ' ≥ 0.6']];
      link.removeAttribute('tabindex');
      return node('li', {}, link, ...words.map(([className, text]) => node('span', { className }, text)));
    }));
  }

  function drawWindow() {
    const [before, after] = $$('.out', brush), { first, last } = state;
    before.setAttribute('width', first);
    after.setAttribute('x', last + 1);
    after.setAttribute('width', wide - last - 1);
    $('.edge', brush).setAttribute('d', `M${first} 0V52M${last + 1} 0V52`);
    $('.wl', plot).setAttribute('d', `M${first} 0V${high}M${last + 1} 0V${high}`);
    const paths = ['', ''], counts = new Int32Array(wide);
    rows.forEach(r => r.days.forEach((v, x) => { if (v >= 60) counts[x]++ }));
    const most = Math.max(1, ...counts);
    counts.forEach((n, x) => {
      const h = Math.round(52 * n / most * 10) / 10;
      if (n) paths[x >= first && x <= last ? 1 : 0] += `M${x}.2 52v-${h}h.7v${h}z`;
    });
    $$('.bars path', brush).forEach((p, i) => p.setAttribute('d', paths[i]));
    $('[data-from]', bar).value = iso(first);
    $('[data-to]', bar).value = iso(last);
  }

  // The address holds what is chosen, and so do the links to the other ways to look.
  function address() {
    const here = { order: state.order, from: iso(state.first), to: iso(state.last), view: hm.classList.contains('fit') ? 'fit' : '' };
    const url = more => '/heatmap?' + new URLSearchParams(Object.entries({ ...here, ...more }).filter(([, v]) => v));
    history.replaceState(null, '', url({}));
    for (const name of ['order', 'view']) {
      $$(`[data-${name}]`, bar).forEach(a => {
        const value = a.dataset[name];
        a.href = url({ [name]: value });
        a.ariaCurrent = value === here[name] ? 'true' : null;
      });
    }
    $('[name=order]', bar).value = state.order;
  }

  const choose = change => { Object.assign(state, change); drawWindow(); arrange(); address() };

  for (const a of $$('[data-order], [data-view]:not([data-view=table])', bar)) {
    a.addEventListener('click', e => {
      if (e.ctrlKey || e.metaKey || e.shiftKey) return;
      e.preventDefault();
      if (a.dataset.order) return choose({ order: a.dataset.order });
      hm.classList.toggle('fit', a.dataset.view === 'fit');
      address();
    });
  }
  for (const field of $$('[data-from], [data-to]', bar)) {
    field.addEventListener('change', () => {
      const [a, b] = ['[data-from]', '[data-to]'].map(s => Math.round((Date.parse($(s, bar).value) - start) / DAY));
      if (Number.isNaN(a + b)) return drawWindow();
      choose({ first: clamp(Math.min(a, b), 0, wide - 1), last: clamp(Math.max(a, b), 0, wide - 1) });
    });
  }
  bar.addEventListener('submit', e => e.preventDefault());

  /* The brush on the counts per day */
  let from = null, frame = 0;
  const dayAt = (e, box) => { const b = box.getBoundingClientRect(); return clamp(Math.floor((e.clientX - b.left) / b.width * wide), 0, wide - 1) };
  const drag = e => {
    const to = dayAt(e, brush);
    Object.assign(state, { first: Math.min(from, to), last: Math.max(from, to) });
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => { drawWindow(); arrange() });
  };
  brush.addEventListener('pointerdown', e => { if (e.button) return; from = dayAt(e, brush); brush.setPointerCapture(e.pointerId); drag(e) });
  brush.addEventListener('pointermove', e => { if (from != null) drag(e) });
  for (const end of ['pointerup', 'pointercancel']) brush.addEventListener(end, () => { if (from != null) { from = null; address() } });

  /* Crosshair and readout; Enter or a click opens the person */
  plot.tabIndex = 0;
  $$('a', list).forEach(a => { a.tabIndex = -1 }); // the map is the one tab stop
  function show(row, day, scroll) {
    const r = rows[row], v = r.days[day], cell = $('.cell', plot);
    Object.assign(state, { who: r, day });
    for (const [name, value] of Object.entries({ x: day, y: row, width: .9, height: .86 })) cell.setAttribute(name, value);
    $('.cr', plot).setAttribute('d', `M0 ${row}h${wide}v.86H0zM${day} 0h.9V${high}h-.9z`);
    const lines = [' ' + r.label, [r.sub, r.dept].filter(Boolean).join(', '), `${weekdays[date(day).getUTCDay()]} ${short(day)}`];
    read.replaceChildren(node('b', {}, v < 0 ? 'No result' : (v / 100).toFixed(2)), ...lines.map(words => node('span', {}, words)));
    $('.on', list)?.classList.remove('on');
    r.li.classList.add('on');
    if (scroll) r.li.scrollIntoView({ block: 'nearest' });
  }
  const rowAt = e => { const b = plot.getBoundingClientRect(); return clamp(Math.floor((e.clientY - b.top) / b.height * high), 0, high - 1) };
  plot.addEventListener('pointermove', e => show(rowAt(e), dayAt(e, plot)));
  plot.addEventListener('click', e => rows[rowAt(e)].link.click());
  plot.addEventListener('focus', () => show(rows.indexOf(state.who), state.day, true));
  plot.addEventListener('keydown', e => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], PageUp: [-10, 0], PageDown: [10, 0], Home: [0, -wide], End: [0, wide] }[e.key];
    if (e.ctrlKey || e.metaKey || e.altKey || !step && e.key !== 'Enter') return;
    e.preventDefault();
    e.stopPropagation();
    if (step) show(clamp(rows.indexOf(state.who) + step[0], 0, high - 1), clamp(state.day + step[1], 0, wide - 1), true);
    else state.who.link.click();
  });
}
