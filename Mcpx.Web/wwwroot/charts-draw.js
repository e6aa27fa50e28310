// The drawing half of charts.js: from numbers to strokes; knows no events and no server.

function niceCeiling(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 1.2, 1.6, 2, 3, 4, 6, 8, 10].map(step => step * power).find(step => step >= value * 1.001) ?? 10 * power;
}

function peak(chart) {
  let max = 0;
  chart.values.forEach((series, i) => {
    if (!chart.hidden.has(i)) for (const value of series) if (value > max) max = value;
  });
  return max;
}

function scaleOf(chart) {
  // Growing is immediate, shrinking waits until half of the height is empty: an axis that twitches with each tick cannot be read.
  const wanted = Math.max(niceCeiling(peak(chart)), chart.floor ?? 0);
  if (wanted > chart.scale || wanted < chart.scale / 2 || chart.scale === 0) chart.scale = wanted;
  return chart.scale;
}

function trace(ctx, times, values, x, y) {
  let pen = false;
  for (let i = 0; i < times.length; i++) {
    if (values[i] == null) { pen = false; continue; }
    if (pen) ctx.lineTo(x(times[i]), y(values[i]));
    else if (values[i - 1] == null && values[i + 1] == null) {
      // A point between two gaps would be a line without length, i.e. nothing: rare calls must show.
      ctx.moveTo(x(times[i]) - 1.5, y(values[i]));
      ctx.lineTo(x(times[i]) + 1.5, y(values[i]));
    }
    else ctx.moveTo(x(times[i]), y(values[i]));
    pen = true;
  }
}

function fillBetween(ctx, times, upper, lower, x, y, base) {
  // Runs between gaps are filled one by one, so that missing data stays visibly missing.
  for (let start = 0; start < times.length; start++) {
    if (upper[start] == null) continue;
    let end = start;
    while (end + 1 < times.length && upper[end + 1] != null) end++;
    ctx.beginPath();
    for (let i = start; i <= end; i++) ctx.lineTo(x(times[i]), y(upper[i]));
    for (let i = end; i >= start; i--) ctx.lineTo(x(times[i]), lower ? y(lower[i] ?? upper[i]) : base);
    ctx.closePath();
    ctx.fill();
    start = end;
  }
}

export const fade = (colour, alpha) => colour.replace('rgb(', 'rgba(').replace(')', `, ${alpha})`);

function shade(ctx, colour, top, bottom) {
  const gradient = ctx.createLinearGradient(0, top, 0, bottom);
  gradient.addColorStop(0, fade(colour, 0.14));
  gradient.addColorStop(1, fade(colour, 0));
  return gradient;
}

function drawSeries(chart, area, palette) {
  const { ctx, times, values } = chart;
  chart.series.forEach((series, i) => {
    if (chart.hidden.has(i) || series.fill === 'none') return;
    const lower = series.fill === 'previous' && i > 0 && !chart.hidden.has(i - 1) ? values[i - 1] : null;
    ctx.fillStyle = lower ? fade(palette[series.color], 0.12) : shade(ctx, palette[series.color], area.top, area.bottom);
    fillBetween(ctx, times, values[i], lower, area.x, area.y, area.bottom);
  });
  ctx.lineWidth = 1.5;
  ctx.lineJoin = 'round';
  chart.series.forEach((series, i) => {
    if (chart.hidden.has(i)) return;
    ctx.strokeStyle = palette[series.color];
    ctx.beginPath();
    trace(ctx, times, values[i], area.x, area.y);
    ctx.stroke();
  });
}

const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 345600, 604800, 1209600, 2419200].map(s => s * 1000);

function drawAxes(chart, area, palette) {
  const { ctx } = chart;
  styleAxis(ctx, palette);
  ctx.textBaseline = 'middle';
  ctx.textAlign = 'right';
  for (let i = 0; i <= 4; i++) {
    const value = chart.scale * i / 4;
    const y = Math.round(area.y(value)) + 0.5;
    ctx.beginPath();
    ctx.moveTo(area.left, y);
    ctx.lineTo(area.right, y);
    ctx.stroke();
    if (chart.times.length) ctx.fillText(axisLabel(value, chart.scale), area.left - 8, y);
  }
  // An axis without values would claim a scale that nobody measured.
  if (chart.times.length) drawTimes(chart, area);
}

export function styleAxis(ctx, palette) {
  ctx.font = `11px ${palette.font}`;
  ctx.fillStyle = palette.axis;
  ctx.strokeStyle = palette.grid;
  ctx.lineWidth = 1;
}

export function drawTimes(chart, area) {
  const { ctx } = chart;
  ctx.textBaseline = 'alphabetic';
  ctx.textAlign = 'center';
  const room = Math.max(2, Math.floor((area.right - area.left) / 96));
  const step = steps.find(s => s >= (chart.stepMs >= 86400000 ? 86400000 : 0) && (area.to - area.from) / s <= room) ?? steps.at(-1);
  for (let t = Math.ceil(area.from / step) * step; t <= area.to; t += step) {
    const x = area.x(t), half = ctx.measureText(chart.clock.format(t)).width / 2;
    if (x - half < area.left - 8 || x + half > area.right + 2) continue;
    ctx.fillText(chart.clock.format(t), x, area.bottom + 18);
  }
}

// What is being dragged over.
export function drawDrag(chart, area, palette) {
  if (!chart.drag) return;
  const clamp = x => Math.min(area.right, Math.max(area.left, x));
  const left = clamp(Math.min(chart.drag.start, chart.drag.x)), right = clamp(Math.max(chart.drag.start, chart.drag.x));
  chart.ctx.fillStyle = fade(palette.indigo, 0.18);
  chart.ctx.fillRect(left, area.top, right - left, area.bottom - area.top);
}

function axisLabel(value, scale) {
  if (scale >= 1e6) return `${+(value / 1e6).toFixed(2)}M`;
  if (scale >= 1e4) return `${+(value / 1e3).toFixed(2)}k`;
  return String(+value.toFixed(scale < 1 ? 3 : 2));
}

function drawCrosshair(chart, area, palette) {
  const { ctx } = chart;
  const time = chart.group.hover?.time;
  if (time === undefined || time < area.from || time > area.to || chart.times.length === 0) return;
  const index = chart.times.reduce((best, t, i) => Math.abs(t - time) < Math.abs(chart.times[best] - time) ? i : best, 0);
  const x = Math.round(area.x(chart.times[index])) + 0.5;
  ctx.strokeStyle = palette.cross;
  ctx.beginPath();
  ctx.moveTo(x, area.top);
  ctx.lineTo(x, area.bottom);
  ctx.stroke();
  chart.series.forEach((series, i) => {
    const value = chart.values[i][index];
    if (chart.hidden.has(i) || value == null) return;
    ctx.beginPath();
    ctx.arc(x, area.y(value), 3.5, 0, 7);
    ctx.fillStyle = palette[series.color];
    ctx.strokeStyle = palette.surface;
    ctx.fill();
    ctx.stroke();
  });
}

export function drawChart(chart, width, height, palette) {
  const scale = scaleOf(chart);
  const to = chart.times.at(-1) ?? Date.now();
  const area = { left: 40, right: width - 2, top: 8, bottom: height - 26, from: to - chart.windowMs, to };
  area.x = t => area.left + (t - area.from) / Math.max(1, chart.windowMs) * (area.right - area.left);
  area.y = v => area.bottom - v / scale * (area.bottom - area.top);
  chart.area = area;
  drawAxes(chart, area, palette);
  chart.ctx.save();
  chart.ctx.beginPath();
  chart.ctx.rect(area.left, 0, area.right - area.left + 2, area.bottom + 1);
  chart.ctx.clip();
  drawSeries(chart, area, palette);
  drawCrosshair(chart, area, palette);
  drawDrag(chart, area, palette);
  chart.ctx.restore();
}

export function drawSparkline(chart, width, height, palette) {
  if (chart.times.length < 2) return;
  const all = chart.values[0].filter(value => value != null);
  const low = Math.min(...all), high = Math.max(...all);
  const to = chart.times.at(-1);
  const area = {
    top: 2, bottom: height,
    x: t => width - (to - t) / chart.windowMs * width,
    // A flat line stands in the middle; noise of one percent must not look like a storm.
    y: v => height - 3 - (high - low < Math.abs(high) * 0.02 ? 0.5 : (v - low) / (high - low)) * (height - 6),
  };
  drawSeries(chart, area, palette);
}
