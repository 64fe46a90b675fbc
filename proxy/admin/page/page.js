// Draws what /events tells four times a second: one row for each live stream, with its last half minute.
'use strict';

const SPAN = 30_000; // of a lane
const SILENT = 2_000; // from here on a stream counts as silent
const FAREWELL = 5_000; // how long an ended stream stays
const MINUTE = 60_000;

const rows = new Map(); // by stream id
const rates = []; // {at, rate}
const byId = (id) => document.getElementById(id);
let last; // the totals before

const duration = (ms) => {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds / 60) % 60} min`;
};
const bytes = (n) => (n < 1024 ? `${n}` : n < 1048576 ? `${(n / 1024).toFixed(1)} Ki` : `${(n / 1048576).toFixed(1)} Mi`);

function cell(row, className) {
  const td = row.insertCell();
  td.className = className;
  return td;
}

function addRow(stream, now) {
  const element = byId('streams').insertRow();
  const row = { element, marks: [], events: 0, keepalives: 0, since: now };
  row.path = cell(element, 'path');
  row.client = cell(element, 'client');
  for (const name of ['age', 'count', 'silence', 'waiting']) row[name] = cell(element, 'number');
  row.silence.classList.add('silence-now');
  row.canvas = cell(element, 'lane').appendChild(document.createElement('canvas'));
  const button = cell(element, 'end').appendChild(document.createElement('button'));
  button.textContent = 'end';
  button.title = 'end this stream: at its next boundary if it is a GET, else at once';
  button.addEventListener('click', () => fetch(`streams/${stream.id}`, { method: 'DELETE' }));
  row.path.textContent = `${stream.method} ${stream.path}`;
  row.path.title = `${stream.id}, from ${stream.upstream}`;
  row.client.textContent = stream.client;
  element.dataset.id = stream.id;
  rows.set(stream.id, row);
  return row;
}

function update(row, stream, now) {
  if (stream.events > row.events) row.marks.push({ at: now, kind: 'event', count: stream.events - row.events });
  if (stream.keepalives > row.keepalives) row.marks.push({ at: now, kind: 'keepalive' });
  row.events = stream.events;
  row.keepalives = stream.keepalives;
  row.age.textContent = duration(stream.age_ms);
  row.count.textContent = stream.events.toLocaleString('en');
  row.silence.textContent = duration(stream.silence_ms);
  row.waiting.textContent = `${bytes(stream.held_bytes)}, ${bytes(stream.queued_bytes)}`;
  row.element.dataset.state = stream.silence_ms > SILENT ? 'silent' : 'ticking';
}

function end(row, now) {
  row.ended = now;
  row.element.dataset.state = 'ended';
  row.silence.textContent = 'ended';
  row.element.querySelector('button').hidden = true;
}

function show(message) {
  const now = Date.now();
  const seconds = last ? (now - last.at) / 1000 : 0;
  const rate = (name) => (seconds > 0 ? Math.max(0, (message[name] - last[name]) / seconds) : 0);
  byId('open').textContent = message.open.toLocaleString('en');
  byId('connections').textContent = message.connections.toLocaleString('en');
  rates.push({ at: now, events: rate('events'), keepalives: rate('keepalives') });
  while (rates[0].at < now - MINUTE) rates.shift();
  const recent = rates.slice(-4); // a second
  const mean = (name) => recent.reduce((sum, one) => sum + one[name], 0) / recent.length;
  byId('events').textContent = mean('events').toFixed(mean('events') < 10 ? 1 : 0);
  byId('keepalives').textContent = mean('keepalives').toFixed(1);
  const status = message.draining ? 'draining' : 'live';
  if (byId('status').textContent !== status) byId('status').textContent = status;
  byId('status').classList.toggle('bad', message.draining);

  const seen = new Set();
  for (const stream of message.streams) {
    seen.add(stream.id);
    update(rows.get(stream.id) ?? addRow(stream, now), stream, now);
  }
  for (const [id, row] of rows) {
    if (!seen.has(id) && !row.ended) end(row, now);
    if (row.ended < now - FAREWELL) {
      row.element.remove();
      rows.delete(id);
    }
  }
  const more = message.open > message.streams.length;
  byId('shown').textContent = more ? `${message.streams.length} of ${message.open} are shown` : '';
  byId('none').hidden = rows.size > 0;
  last = { ...message, at: now };
}

// A canvas in the device's own pixels, cleared.
function context(canvas) {
  const scale = window.devicePixelRatio || 1;
  const { width, height } = canvas.getBoundingClientRect();
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const c = canvas.getContext('2d');
  c.scale(scale, scale);
  return { c, width, height };
}

function drawLane(row, now, colour) {
  const { c, width, height } = context(row.canvas);
  const x = (at) => width - ((now - at) / SPAN) * width;
  const middle = height / 2;
  c.fillStyle = colour.silence;
  const from = Math.max(0, x(row.since));
  c.fillRect(from, middle - 1, x(row.ended ?? now) - from, 2);
  row.marks = row.marks.filter((mark) => mark.at > now - SPAN);
  for (const mark of row.marks) {
    c.fillStyle = colour[mark.kind];
    if (mark.kind === 'event') {
      const size = Math.min(height - 4, 8 + 4 * Math.log2(mark.count + 1));
      c.fillRect(x(mark.at) - 1, middle - size / 2, 2, size);
    } else {
      c.beginPath();
      c.arc(x(mark.at), middle, 4, 0, 2 * Math.PI);
      c.fill();
    }
  }
}

function drawRates(now, colour) {
  const { c, width, height } = context(byId('rate'));
  const top = Math.max(1, ...rates.map((one) => one.events));
  c.fillStyle = colour.event;
  const step = (width * 250) / MINUTE;
  for (const one of rates) {
    const size = (one.events / top) * (height - 4);
    c.fillRect(width - ((now - one.at) / MINUTE) * width - step, height - size, Math.max(1, step - 0.5), size);
  }
  c.fillStyle = colour.silence;
  c.fillRect(0, height - 1, width, 1);
}

function draw() {
  const style = getComputedStyle(document.documentElement);
  const colour = Object.fromEntries(['event', 'keepalive', 'silence'].map((name) => [name, style.getPropertyValue(`--${name}`)]));
  const now = Date.now();
  drawRates(now, colour);
  for (const row of rows.values()) drawLane(row, now, colour);
}

const source = new EventSource('events');
source.addEventListener('message', (event) => show(JSON.parse(event.data)));
source.addEventListener('error', () => {
  byId('status').textContent = 'not connected';
  byId('status').classList.add('bad');
  last = undefined;
});
setInterval(() => document.hidden || draw(), 100);
