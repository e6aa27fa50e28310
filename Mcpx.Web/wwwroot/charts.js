// Line charts and sparklines on canvas. The server sends one small delta per tick for all charts of a group;
// everything that moves is drawn here, so no chart data is ever rendered by Blazor.
import { drawChart, drawSparkline } from './charts-draw.js';

const groups = new Map();
const format = decimals => new Intl.NumberFormat('en', { maximumFractionDigits: decimals, minimumFractionDigits: decimals });
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });
let palette = null;

function colours() {
  if (palette) return palette;
  // A probe resolves light-dark() and var() to the plain rgb() that a canvas understands.
  const probe = document.body.appendChild(document.createElement('i'));
  probe.hidden = true;
  const style = getComputedStyle(probe);
  const read = name => { probe.style.color = `var(--${name})`; return style.color; };
  palette = { grid: read('chart-grid'), axis: read('chart-axis'), cross: read('chart-cross'), surface: read('surface'), font: style.fontFamily };
  for (const name of ['blue', 'amber', 'rose', 'green', 'indigo', 'teal']) palette[name] = read(`chart-${name}`);
  probe.remove();
  return palette;
}

function everyChart(action) {
  for (const group of groups.values()) for (const chart of group.charts.values()) action(chart);
}

function redrawAll() {
  palette = null;
  everyChart(requestDraw);
}

new MutationObserver(redrawAll).observe(document.documentElement, { attributeFilter: ['data-theme'] });
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redrawAll);
document.addEventListener('visibilitychange', () => everyChart(requestDraw));
document.fonts?.ready.then(redrawAll);
const resized = new ResizeObserver(entries => {
  for (const entry of entries) everyChart(chart => { if (chart.canvas === entry.target) requestDraw(chart); });
});

export function mount(groupId, root, config) {
  let group = groups.get(groupId);
  if (!group) groups.set(groupId, group = { charts: new Map(), hover: null });
  const canvas = root.querySelector('canvas');
  const chart = {
    ...config, group, root, canvas, ctx: canvas.getContext('2d'),
    format: format(config.decimals), clock, hidden: new Set(), scale: 0, frame: 0, told: 0, tabled: 0,
    times: [...config.history.times], values: config.series.map((_, i) => [...config.history.values[i] ?? []]),
    listeners: new AbortController(),
  };
  group.charts.set(config.id, chart);
  resized.observe(canvas);
  if (config.kind === 'line') listen(chart);
  update(chart);
}

export function push(groupId, time, deltas) {
  const group = groups.get(groupId);
  if (!group) return;
  for (const [id, ...latest] of deltas) {
    const chart = group.charts.get(id);
    if (!chart || chart.times.at(-1) >= time) continue;
    chart.times.push(time);
    chart.values.forEach((series, i) => series.push(latest[i] ?? null));
    trim(chart);
    update(chart);
  }
}

export function unmount(groupId, id) {
  const group = groups.get(groupId);
  const chart = group?.charts.get(id);
  if (!chart) return;
  resized.unobserve(chart.canvas);
  chart.listeners.abort();
  cancelAnimationFrame(chart.frame);
  group.charts.delete(id);
  if (group.charts.size === 0) groups.delete(groupId);
}

export function dispose(groupId) {
  for (const id of [...groups.get(groupId)?.charts.keys() ?? []]) unmount(groupId, id);
}

function trim(chart) {
  // One point before the window stays, so that the line reaches the left edge.
  let drop = 0;
  while (drop + 1 < chart.times.length && chart.times[drop + 1] < chart.times.at(-1) - chart.windowMs) drop++;
  if (drop === 0) return;
  chart.times.splice(0, drop);
  for (const series of chart.values) series.splice(0, drop);
}

function update(chart) {
  if (document.hidden) return;
  requestDraw(chart);
  const now = performance.now();
  chart.root.querySelector('[data-empty]')?.toggleAttribute('hidden', chart.times.length > 0);
  if (chart.kind === 'line') for (const item of chart.root.querySelectorAll('[data-value]')) {
    item.textContent = text(chart, chart.values[Number(item.dataset.value)].at(-1));
  }
  if (now - chart.told > 5000 || chart.told === 0) { chart.told = now; describe(chart); }
  if (chart.kind === 'line' && (now - chart.tabled > 15000 || chart.tabled === 0)) { chart.tabled = now; tabulate(chart); }
}

const text = (chart, value) => value == null ? '–' : chart.format.format(value);
const withUnit = (chart, value) => value == null ? 'no data' : `${text(chart, value)} ${chart.unit}`.trim();

function describe(chart) {
  const latest = chart.series.map((s, i) => `${s.name} ${withUnit(chart, chart.values[i].at(-1))}`).join(', ');
  chart.canvas.setAttribute('aria-label', `${chart.title}: ${chart.times.length ? latest : 'no data yet'}`);
}

function tabulate(chart) {
  const body = chart.root.querySelector('tbody');
  if (!body) return;
  const stride = Math.max(1, Math.ceil(chart.times.length / 12));
  const rows = [];
  for (let i = chart.times.length - 1; i >= 0; i -= stride) {
    const row = document.createElement('tr');
    const cells = [clock.format(chart.times[i]), ...chart.values.map(series => withUnit(chart, series[i]))];
    for (const cell of cells) row.appendChild(document.createElement('td')).textContent = cell;
    rows.unshift(row);
  }
  body.replaceChildren(...rows);
}

function requestDraw(chart) {
  if (document.hidden || chart.frame) return;
  chart.frame = requestAnimationFrame(() => {
    chart.frame = 0;
    const ratio = devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = chart.canvas;
    if (width === 0 || height === 0) return;
    if (chart.canvas.width !== Math.round(width * ratio) || chart.canvas.height !== Math.round(height * ratio)) {
      chart.canvas.width = Math.round(width * ratio);
      chart.canvas.height = Math.round(height * ratio);
    }
    chart.ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    chart.ctx.clearRect(0, 0, width, height);
    (chart.kind === 'line' ? drawChart : drawSparkline)(chart, width, height, colours());
    if (chart.kind === 'line') tip(chart, width);
  });
}

function hover(chart, time) {
  // The crosshair is the group's: the same moment stands out in every chart.
  chart.group.hover = time === null ? null : { time, chart };
  for (const other of chart.group.charts.values()) if (other.kind === 'line') requestDraw(other);
}

function listen(chart) {
  const options = { signal: chart.listeners.signal };
  const at = event => {
    const area = chart.area;
    const x = event.clientX - chart.canvas.getBoundingClientRect().left;
    if (!area || chart.times.length === 0) return null;
    return nearest(chart, area.from + (x - area.left) / (area.right - area.left) * (area.to - area.from));
  };
  chart.canvas.addEventListener('pointermove', event => hover(chart, at(event)), options);
  chart.canvas.addEventListener('pointerleave', () => hover(chart, null), options);
  chart.canvas.addEventListener('blur', () => hover(chart, null), options);
  chart.canvas.addEventListener('keydown', event => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === 'Escape') hover(chart, null);
    if (!step || chart.times.length === 0) return;
    event.preventDefault();
    const current = chart.group.hover ? chart.times.indexOf(nearest(chart, chart.group.hover.time)) : chart.times.length;
    hover(chart, chart.times[Math.min(chart.times.length - 1, Math.max(0, current + step))]);
  }, options);
  for (const button of chart.root.querySelectorAll('[data-series]')) button.addEventListener('click', () => {
    const index = Number(button.dataset.series);
    if (!chart.hidden.delete(index)) chart.hidden.add(index);
    button.setAttribute('aria-pressed', String(!chart.hidden.has(index)));
    chart.scale = 0;
    requestDraw(chart);
  }, options);
}

function nearest(chart, time) {
  let best = chart.times[0];
  for (const candidate of chart.times) if (Math.abs(candidate - time) < Math.abs(best - time)) best = candidate;
  return best;
}

function tip(chart, width) {
  const box = chart.root.querySelector('[data-tip]');
  const point = chart.group.hover?.chart === chart ? chart.group.hover : null;
  box.toggleAttribute('hidden', !point);
  if (!point) return;
  const index = chart.times.indexOf(nearest(chart, point.time));
  const lines = chart.series.flatMap((series, i) => chart.hidden.has(i) ? [] : [[series, chart.values[i][index]]]);
  const rows = lines.map(([series, value]) => {
    const row = document.createElement('div');
    row.appendChild(document.createElement('i')).className = `swatch swatch-${series.color}`;
    row.appendChild(document.createElement('span')).textContent = series.name;
    row.appendChild(document.createElement('b')).textContent = withUnit(chart, value);
    return row;
  });
  const head = document.createElement('div');
  head.textContent = clock.format(chart.times[index]);
  box.replaceChildren(head, ...rows);
  const x = chart.area.x(chart.times[index]);
  const left = x + 12 + box.offsetWidth > width ? x - 12 - box.offsetWidth : x + 12;
  box.style.transform = `translate(${Math.max(0, Math.round(left))}px, 4px)`;
}
