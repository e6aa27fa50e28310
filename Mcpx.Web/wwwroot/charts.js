// Line charts, heat maps and sparklines on canvas. The server sends one small delta per tick for all charts of a group;
// everything that moves is drawn here, so no chart data is ever rendered by Blazor.
import { drawChart, drawSparkline } from './charts-draw.js';
import { axisBand, drawHeat, heatRows, heatTable, heatWords } from './charts-heat.js';

const groups = new Map();
const format = decimals => new Intl.NumberFormat('en', { maximumFractionDigits: decimals, minimumFractionDigits: decimals });
const day = 86400000;
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });
const clockOfDays = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hour12: false });
// Steps of whole days are days of UTC: in the viewer's zone they would seem to begin in the night.
const calendar = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' });
const clockOf = chart => chart.stepMs >= day ? calendar : chart.windowMs > day ? clockOfDays : clock;
const withAxes = chart => chart.kind !== 'spark';
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
    format: format(config.decimals), hidden: new Set(), scale: 0, frame: 0, told: 0, tabled: 0,
    times: [...config.history.times], values: config.series.map((_, i) => [...config.history.values[i] ?? []]),
    listeners: new AbortController(), drag: null,
  };
  chart.clock = clockOf(chart);
  group.charts.set(config.id, chart);
  resized.observe(canvas);
  if (withAxes(chart)) listen(chart);
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

// Another time, or the same one read anew: the charts stay where they are.
export function show(groupId, pictures) {
  const group = groups.get(groupId);
  if (!group) return;
  for (const picture of pictures) {
    const chart = group.charts.get(picture.id);
    if (!chart) continue;
    Object.assign(chart, { windowMs: picture.windowMs, stepMs: picture.stepMs, zoom: picture.zoom, bands: picture.bands, scale: 0, told: 0, tabled: 0 });
    chart.times = [...picture.history.times];
    chart.values = chart.series.map((_, i) => [...picture.history.values[i] ?? []]);
    chart.clock = clockOf(chart);
    update(chart);
  }
}

export const isVisible = () => !document.hidden;

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
  if (withAxes(chart) && (now - chart.tabled > 15000 || chart.tabled === 0)) { chart.tabled = now; tabulate(chart); }
}

const text = (chart, value) => value == null ? '–' : chart.format.format(value);
const withUnit = (chart, value) => value == null ? 'no data' : `${text(chart, value)} ${chart.unit}`.trim();

function describe(chart) {
  if (chart.kind === 'heat') return chart.canvas.setAttribute('aria-label', `${chart.title}: ${heatWords(chart)}`);
  const latest = chart.series.map((s, i) => `${s.name} ${withUnit(chart, chart.values[i].at(-1))}`).join(', ');
  chart.canvas.setAttribute('aria-label', `${chart.title}: ${chart.times.length ? latest : 'no data yet'}`);
}

function tabulate(chart) {
  const body = chart.root.querySelector('tbody');
  if (!body) return;
  if (chart.kind === 'heat') return heatTable(chart, body);
  const stride = Math.max(1, Math.ceil(chart.times.length / 12));
  const rows = [];
  for (let i = chart.times.length - 1; i >= 0; i -= stride) {
    const row = document.createElement('tr');
    const cells = [chart.clock.format(chart.times[i]), ...chart.values.map(series => withUnit(chart, series[i]))];
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
    ({ line: drawChart, heat: drawHeat, spark: drawSparkline })[chart.kind](chart, width, height, colours());
    if (withAxes(chart)) tip(chart, width);
  });
}

function hover(chart, time, band = null) {
  // The crosshair is the group's: the same moment stands out in every chart.
  chart.group.hover = time === null ? null : { time, chart, band };
  for (const other of chart.group.charts.values()) if (withAxes(other)) requestDraw(other);
}

function listen(chart) {
  const options = { signal: chart.listeners.signal };
  const place = event => {
    const box = chart.canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const timeAt = x => chart.area.from + (x - chart.area.left) / (chart.area.right - chart.area.left) * (chart.area.to - chart.area.from);
  chart.canvas.addEventListener('pointermove', event => {
    if (!chart.area || chart.times.length === 0) return;
    const { x, y } = place(event);
    if (chart.drag) chart.drag.x = x;
    if (chart.kind === 'heat') hover(chart, heatRows.timeAt(chart, timeAt(x)), axisBand(chart, y));
    else hover(chart, nearest(chart, timeAt(x)));
  }, options);
  chart.canvas.addEventListener('pointerleave', () => { if (!chart.drag) hover(chart, null); }, options);
  chart.canvas.addEventListener('blur', () => hover(chart, null), options);
  chart.canvas.addEventListener('keydown', event => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key], rise = { ArrowDown: -1, ArrowUp: 1 }[event.key];
    if (event.key === 'Escape') { chart.drag = null; hover(chart, null); }
    if (!(step || rise && chart.kind === 'heat') || chart.times.length === 0) return;
    event.preventDefault();
    const shown = chart.group.hover;
    const current = shown ? chart.times.indexOf(nearest(chart, shown.time)) : chart.times.length;
    const time = chart.times[Math.min(chart.times.length - 1, Math.max(0, current + (step ?? 0)))];
    hover(chart, time, chart.kind === 'heat' ? heatRows.move(chart, shown?.chart === chart ? shown.band : null, rise ?? 0, time) : null);
  }, options);
  listenToDrag(chart, place, timeAt, options);
  for (const button of chart.root.querySelectorAll('[data-series]')) button.addEventListener('click', () => {
    const index = Number(button.dataset.series);
    if (!chart.hidden.delete(index)) chart.hidden.add(index);
    button.setAttribute('aria-pressed', String(!chart.hidden.has(index)));
    chart.scale = 0;
    requestDraw(chart);
  }, options);
}

// A stretch that is dragged over becomes the page's time. By mouse and pen: a finger scrolls.
function listenToDrag(chart, place, timeAt, options) {
  if (!chart.zoom) return;
  chart.canvas.addEventListener('pointerdown', event => {
    if (event.button !== 0 || event.pointerType === 'touch' || !chart.area || chart.times.length === 0) return;
    chart.canvas.setPointerCapture(event.pointerId);
    const { x } = place(event);
    chart.drag = { start: x, x };
  }, options);
  chart.canvas.addEventListener('pointerup', event => {
    const drag = chart.drag;
    chart.drag = null;
    requestDraw(chart);
    if (!drag || Math.abs(drag.x - drag.start) < 8) return;
    const [from, to] = [drag.start, drag.x].map(x => timeAt(Math.min(chart.area.right, Math.max(chart.area.left, x)))).sort((a, b) => a - b);
    const instant = time => encodeURIComponent(new Date(Math.round(time / 1000) * 1000).toISOString().replace('.000', ''));
    if (to - from >= 1000) window.Blazor.navigateTo(chart.zoom.replace('FROM', instant(from)).replace('UNTIL', instant(to)));
  }, options);
  chart.canvas.addEventListener('pointercancel', () => { chart.drag = null; requestDraw(chart); }, options);
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
  const rows = (chart.kind === 'heat' ? heatRows.at(chart, index, point.band) : linesAt(chart, index)).map(([swatch, name, value]) => {
    const row = document.createElement('div');
    if (swatch) row.appendChild(document.createElement('i')).className = `swatch swatch-${swatch}`;
    row.appendChild(document.createElement('span')).textContent = name;
    row.appendChild(document.createElement('b')).textContent = value;
    return row;
  });
  const head = document.createElement('div');
  head.textContent = chart.clock.format(chart.times[index]);
  box.replaceChildren(head, ...rows);
  const x = chart.area.x(chart.times[index]);
  const left = x + 12 + box.offsetWidth > width ? x - 12 - box.offsetWidth : x + 12;
  box.style.transform = `translate(${Math.max(0, Math.round(left))}px, 4px)`;
}

const linesAt = (chart, index) => chart.series.flatMap((series, i) => chart.hidden.has(i) ? [] : [[series.color, series.name, withUnit(chart, chart.values[i][index])]]);
