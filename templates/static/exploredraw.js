// The lines of explore on three canvases: all of them, those that match, the hot among those.
import { $, clamp, node } from './dom.js';
import { S, pc, yOf } from './explorestate.js';
import { filtered } from './explorefilter.js';

const canvas = pc && { all: $('[data-ctx]', pc), match: $('[data-top]', pc), hot: $('[data-hot]', pc) };
let axes = [], colours, shuffled;
let space; // for the rows to draw: a frame makes no new lists

const colour = name => {
  const probe = node('i', { className: 'vh ' + name });
  pc.append(probe);
  const c = getComputedStyle(probe).color;
  probe.remove();
  return c;
};

/** resize gives the canvases their size and draws the context, which no brush changes. */
export function resize() {
  const dense = Math.min(2, devicePixelRatio || 1);
  for (const c of Object.values(canvas)) {
    c.width = S.wide * dense;
    c.height = S.high * dense;
    c.getContext('2d').setTransform(dense, 0, 0, dense, 0, 0);
  }
  axes = S.order.map(k => ({ u: S.axes.get(k).u, ...S.at.get(k) }));
  colours = { all: colour('pcc'), match: colour('pci'), hot: colour('pce') };
  if (shuffled?.length !== S.n) shuffle();
  paint('all', shuffled, { a: clamp(9 / Math.sqrt(S.n), .1, .5), w: 1, batch: S.n > 4000 ? 4 : 1 });
}

// Lines are drawn in a shuffled order, so that an unfinished picture is a fair sample.
function shuffle() {
  shuffled = Uint32Array.from({ length: S.n }, (_, i) => i);
  space = { hot: new Uint32Array(S.n), match: new Uint32Array(S.n) };
  let seed = 7;
  for (let i = S.n - 1; i > 0; i--) {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    const j = seed % (i + 1);
    [shuffled[i], shuffled[j]] = [shuffled[j], shuffled[i]];
  }
}

/** drawMatch draws what the filter lets through. Without a filter only the hot lines stand out. */
export function drawMatch() {
  const any = filtered(), score = S.axes.get('score').c;
  let warm = 0, high = 0;
  for (const i of shuffled) {
    if (!S.mask[i]) continue;
    if (score[i] >= S.hot) space.hot[high++] = i;
    else if (any) space.match[warm++] = i;
  }
  const cold = space.match.subarray(0, warm), hot = space.hot.subarray(0, high);
  const few = any && cold.length + hot.length < 200;
  paint('match', cold, { a: clamp(7 / Math.sqrt(cold.length + 1), .06, .72), w: 1, batch: cold.length > 3000 ? 3 : 1, through: cold.length < 400 });
  paint('hot', hot, { a: clamp((few ? 9 : 4.5) / Math.sqrt(hot.length + 1), .12, .9), w: few ? 1.4 : 1, batch: 1, through: hot.length < 400 });
}

// A line runs from the right edge of one axis to the left edge of the next; where lines are few, also across.
function line(c, i, through) {
  let y = yOf(axes[0].u[i]);
  for (let j = 0; j < axes.length - 1; j++) {
    const next = yOf(axes[j + 1].u[i]);
    if (!through || !j) c.moveTo(axes[j].r, y);
    else c.lineTo(axes[j].r, y);
    c.lineTo(axes[j + 1].l, next);
    y = next;
  }
}

/* The painter: at most 7 ms of script a frame. Pixels come after the script, so the number of segments
   is limited too, steered by the time of the last frame. Hot first, then what matches, then the rest. */
const jobs = new Map();
let frame = 0, room = 3000, before = 0, first = null;

function paint(name, rows, style) {
  canvas[name].getContext('2d').clearRect(0, 0, S.wide, S.high);
  jobs.delete(name);
  if (rows.length && axes.length > 1) jobs.set(name, { c: canvas[name].getContext('2d'), colour: colours[name], rows, style, at: 0 });
  kick();
}

/** soon runs fn at the start of the next frame, once however often it is asked for. */
export function soon(fn) { first = fn; kick() }

const kick = () => { frame ||= requestAnimationFrame(tick) };

function tick(now) {
  frame = 0;
  const took = now - before;
  before = now;
  if (took < 150) room = took > 20 ? Math.max(800, room * .7) : Math.min(9000, room * 1.05);
  const fn = first;
  first = null;
  fn?.();
  let lines = room / axes.length | 0;
  const until = performance.now() + 7;
  for (const name of ['hot', 'match', 'all']) {
    const job = jobs.get(name);
    if (!job) continue;
    lines = advance(job, lines, until);
    if (job.at < job.rows.length) break;
    jobs.delete(name);
  }
  pc.toggleAttribute('data-busy', jobs.size > 0);
  if (jobs.size || first) kick();
}

// advance draws at most so many lines of a job, some of them in one stroke; what is left of lines is returned.
function advance(job, lines, until) {
  const { c, rows, style } = job;
  c.strokeStyle = job.colour;
  c.lineWidth = style.w;
  c.globalAlpha = style.a;
  while (job.at < rows.length && lines > 0 && performance.now() < until) {
    for (let k = 0; k < 40 && job.at < rows.length; k += style.batch, lines -= style.batch) {
      c.beginPath();
      for (let m = 0; m < style.batch && job.at < rows.length; m++) line(c, rows[job.at++], style.through);
      c.stroke();
    }
  }
  return lines;
}

/** near returns the matching row whose line passes within 7 pixels of a point, or -1. */
export function near(x, y) {
  let j = 0;
  while (j < axes.length - 2 && x > axes[j + 1].l) j++;
  const a = axes[j], b = axes[j + 1];
  if (!b || x < a.l - 4 || x > b.r + 4) return -1;
  const t = clamp((x - a.r) / (b.l - a.r || 1), 0, 1);
  let best = -1, closest = 7;
  for (const i of S.hits) {
    const far = Math.abs(yOf(a.u[i]) * (1 - t) + yOf(b.u[i]) * t - y);
    if (far < closest) { closest = far; best = i }
  }
  return best;
}
