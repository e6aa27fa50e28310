// Heat maps for charts.js: one column for each step of time, one row for each band of latencies, the darker the more calls.
import { drawDrag, drawTimes, fade, styleAxis } from './charts-draw.js';

const count = new Intl.NumberFormat('en');
const digits = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });
const milliseconds = value => value >= 1000 ? `${digits.format(value / 1000)} s` : `${digits.format(value)} ms`;
const rangeOf = band => `${milliseconds(band.above)} – ${milliseconds(band.upTo)}`;
const total = band => band.counts.reduce((sum, n) => sum + n, 0);
const calls = n => n === 1 ? '1 call' : `${count.format(n)} calls`;

export function drawHeat(chart, width, height, palette) {
  const { ctx, times, bands } = chart;
  const from = times[0] ?? Date.now(), to = (times.at(-1) ?? from) + chart.stepMs;
  const area = { left: 52, right: width - 2, top: 8, bottom: height - 26, from, to };
  area.x = t => area.left + (t - from) / (to - from) * (area.right - area.left);
  area.row = (area.bottom - area.top) / Math.max(1, bands.length);
  chart.area = area;
  if (bands.length === 0) return;
  drawBands(chart, area, palette);
  const most = Math.max(...bands.flatMap(band => band.counts));
  for (const [i, band] of bands.entries()) for (const [step, n] of band.counts.entries()) {
    if (n === 0) continue;
    const left = area.x(times[step]), right = area.x(times[step] + chart.stepMs), bottom = area.bottom - i * area.row;
    // By its logarithm: one slow call must show beside a thousand quick ones.
    ctx.fillStyle = fade(palette.indigo, 0.16 + 0.84 * Math.log1p(n) / Math.log1p(most));
    ctx.fillRect(left, bottom - area.row, Math.max(1, right - left - (right - left > 4 ? 1 : 0)), Math.max(1, area.row - (area.row > 4 ? 1 : 0)));
  }
  drawPointer(chart, area, palette);
  drawDrag(chart, area, palette);
}

function drawBands(chart, area, palette) {
  const { ctx, bands } = chart;
  styleAxis(ctx, palette);
  ctx.textBaseline = 'middle';
  ctx.textAlign = 'right';
  const every = Math.max(1, Math.ceil(26 / area.row));
  for (let i = 0; i <= bands.length; i += every) {
    const y = Math.round(area.bottom - i * area.row) + 0.5;
    ctx.beginPath();
    ctx.moveTo(area.left, y);
    ctx.lineTo(area.right, y);
    ctx.stroke();
    ctx.fillText(milliseconds(i === bands.length ? bands[i - 1].upTo : bands[i].above), area.left - 8, y);
  }
  drawTimes(chart, area);
}

function drawPointer(chart, area, palette) {
  const point = chart.group.hover;
  if (!point || point.time < area.from || point.time >= area.to) return;
  const at = heatRows.timeAt(chart, point.time), left = area.x(at), width = area.x(at + chart.stepMs) - left;
  chart.ctx.strokeStyle = palette.cross;
  if (point.chart === chart && point.band !== null) chart.ctx.strokeRect(left - 0.5, area.bottom - (point.band + 1) * area.row - 0.5, width + 1, area.row + 1);
  else chart.ctx.strokeRect(left - 0.5, area.top, width + 1, area.bottom - area.top);
}

export function axisBand(chart, y) {
  const band = Math.floor((chart.area.bottom - y) / chart.area.row);
  return Math.min(chart.bands.length - 1, Math.max(0, band));
}

export const heatRows = {
  timeAt: (chart, time) => chart.times.findLast(t => t <= time) ?? chart.times[0],
  // Another column is entered where most of its calls are.
  move: (chart, band, rise, time) => {
    if (band !== null) return Math.min(chart.bands.length - 1, Math.max(0, band + rise));
    const step = chart.times.indexOf(time);
    return chart.bands.reduce((best, b, i) => b.counts[step] > chart.bands[best].counts[step] ? i : best, 0);
  },
  at: (chart, step, band) => {
    const shown = chart.bands[band ?? heatRows.move(chart, null, 0, chart.times[step])];
    return shown ? [['indigo', rangeOf(shown), calls(shown.counts[step])], [null, 'all in this step', calls(chart.bands.reduce((sum, b) => sum + b.counts[step], 0))]] : [];
  },
};

export function heatWords(chart) {
  if (chart.bands.length === 0) return 'no data yet';
  const busiest = chart.bands.reduce((best, band) => total(band) > total(best) ? band : best);
  return `${calls(chart.bands.reduce((sum, band) => sum + total(band), 0))} between ${milliseconds(chart.bands[0].above)} and ${milliseconds(chart.bands.at(-1).upTo)}, most of them ${rangeOf(busiest)}`;
}

export function heatTable(chart, body) {
  body.replaceChildren(...chart.bands.filter(band => total(band) > 0).map(band => {
    const row = document.createElement('tr');
    const most = band.counts.indexOf(Math.max(...band.counts));
    for (const cell of [rangeOf(band), calls(total(band)), chart.clock.format(chart.times[most])]) row.appendChild(document.createElement('td')).textContent = cell;
    return row;
  }));
}
