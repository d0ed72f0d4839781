/* The report page: its data, and how numbers, times and elements are made of it. Text becomes text nodes and attributes
   only, never markup. */
const data = JSON.parse(document.getElementById('data').textContent);
const columns = JSON.parse(document.getElementById('rows-data').textContent);

/* Series of the charts: verdicts, those in trouble at the bottom of a bar, or all reuses as one. */
const series = data.has_verdicts
  ? data.verdicts.map((v, number) => ({...v, number})).sort((a, b) => b.hurts - a.hurts || a.number - b.number)
  : [{name: 'reuse', number: data.verdicts.length, reuses: data.reuses, hurts: false}];
const usedSeries = series.filter((s) => s.reuses > 0);

function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === 'class') made.className = value;
    else if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ''));
  return made;
}

const byId = (id) => document.getElementById(id);
const chip = (name) => element('span', {class: 'chip v-' + name}, name);
const grouped = new Intl.NumberFormat('en-US');
const number = (n) => grouped.format(n);
const plural = (n, one, many) => number(n) + ' ' + (n === 1 ? one : many || one + 's');
const percent = (part, all) => !all ? '' : part === all ? '100 %' : part / all < 0.001 ? '< 0.1 %'
  : +Math.min(99.9, 100 * part / all).toPrecision(3) + ' %';

function bytes(n) {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  for (; n >= 1000 && unit < units.length - 1; unit++) n /= 1000;
  return (unit ? n.toPrecision(3) : n) + ' ' + units[unit];
}

/* Three digits, without zeros that say nothing. */
const short = (x) => x >= 1000 ? number(Math.round(x)) : String(+x.toPrecision(3));

/* A time between two events, as people say it. */
function gap(seconds) {
  const x = Math.abs(seconds), sign = seconds < 0 ? '\u2212' : '';
  if (x === 0) return '0 s';
  if (x < 1e-6) return sign + short(x * 1e9) + ' ns';
  if (x < 1e-3) return sign + short(x * 1e6) + ' \u00b5s';
  if (x < 1) return sign + short(x * 1e3) + ' ms';
  if (x < 600) return sign + short(x) + ' s';
  if (x < 7200) return sign + short(x / 60) + ' min';
  return sign + (x < 172800 ? short(x / 3600) + ' h' : short(x / 86400) + ' days');
}

const two = (n) => String(n).padStart(2, '0');
/* The time of day, UTC, rounded to the decimals; base: whole seconds to add, which would cost small times their decimals. */
function clock(seconds, decimals = 0, base = 0) {
  const unit = 10 ** decimals, below = Math.floor(seconds), parts = decimals ? Math.round((seconds - below) * unit) : 0;
  const date = new Date((base + below + (parts === unit)) * 1000);
  const text = two(date.getUTCHours()) + ':' + two(date.getUTCMinutes()) + ':' + two(date.getUTCSeconds());
  return decimals ? text + '.' + String(parts % unit).padStart(decimals, '0') : text;
}
const day = (seconds) => new Date(Math.floor(seconds) * 1000).toISOString().slice(0, 10);

/* The rows, column by column; io/html/html_write_rows.c says how they are written. */
const rows = (() => {
  const n = columns.verdict.length, out = {count: n};
  const summed = (column) => {
    const made = new Float64Array(n);
    for (let i = 0, sum = 0; i < n; i++) made[i] = sum += column[i];
    return made;
  };
  const digits = (text) => {
    const made = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      made[i] = code < 58 ? code - 48 : code - 87;
    }
    return made;
  };
  const minus = (from, column) => {
    const made = new Float64Array(n);
    for (let i = 0; i < n; i++) made[i] = from[i] - column[i];
    return made;
  };
  const scaled = (column, by) => {
    const made = new Float64Array(n);
    for (let i = 0; i < n; i++) made[i] = column[i] / by;
    return made;
  };
  for (const name of ['client', 'server', 'client_port', 'server_port', 'attempt', 'syn_retries', 'undercuts', 'file'])
    out[name] = new Int32Array(columns[name]);
  for (const name of ['vlan', 'interface', 'vni']) if (columns[name]) out[name] = new Float64Array(columns[name]);
  for (const name of ['nanoseconds', 'frames', 'bytes']) out[name] = new Float64Array(columns[name]);
  for (const name of ['gap', 'answer_delay', 'episode_delay'])
    out[name] = scaled(columns[name], 1e9);
  for (const name of ['trigger', 'verdict', 'close', 'closer', 'acceptable', 'origin', 'answer', 'outcome', 'certainty',
    'decimals'])
    out[name] = digits(columns[name]);
  for (const name of ['frame', 'seconds', 'stream']) out[name] = summed(columns[name]);
  out.previous_stream = minus(out.stream, columns.previous_stream);
  out.episode = minus(out.stream, columns.episode);
  out.first_frame = minus(out.frame, columns.first_frame);
  out.last_frame = minus(out.frame, columns.last_frame);
  return out;
})();
/* Seconds since 1970 are too long for nanoseconds: charts count from the first row's second on. */
const epoch = rows.count ? rows.seconds.reduce((a, b) => Math.min(a, b)) : 0;
const timeOf = (i) => rows.seconds[i] - epoch + rows.nanoseconds[i] / 1e9;
const verdictName = (i) => data.has_verdicts ? data.verdicts[rows.verdict[i]].name : 'reuse';

function endpoint(address, port) {
  const host = columns.addresses[address];
  return (host.includes(':') ? '[' + host + ']' : host) + ':' + port;
}
const clientOf = (i) => endpoint(rows.client[i], rows.client_port[i]);
const serverOf = (i) => endpoint(rows.server[i], rows.server_port[i]);
/* The network that a conversation belongs to, where that is part of what tells conversations apart. */
const hasNetwork = Boolean(rows.vlan || rows.interface || rows.vni);
const networkOf = (i) => [['VLAN', rows.vlan], ['interface', rows.interface], ['VNI', rows.vni]]
  .filter(([, column]) => column && column[i] >= 0).map(([name, column]) => name + ' ' + column[i]).join(', ');
function exactTime(i) {
  const fraction = String(rows.nanoseconds[i]).padStart(9, '0').slice(0, Math.max(rows.decimals[i], 0));
  return day(rows.seconds[i]) + ' ' + clock(rows.seconds[i]) + (fraction ? '.' + fraction : '');
}

function say(text) {
  const status = byId('status');
  status.textContent = text;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => { status.textContent = ''; }, 4000);
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    /* Where the clipboard is not for pages from files. */
    const area = element('textarea', {readonly: true});
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    if (!done) {
      say('The browser lets nothing be copied. Display filter: ' + text);
      return;
    }
  }
  say('Copied: ' + text);
}
