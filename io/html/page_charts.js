/* The report page: its charts. Each is a figure with what it shows in words, and its numbers as a table. */
const charts = [];
let colours = {};

function readColours() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue('--' + name).trim();
  colours = {ink: of('ink'), soft: of('soft'), line: of('line'), paper: of('paper'), of};
  Chart.defaults.color = colours.soft;
  Chart.defaults.borderColor = colours.line;
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  Chart.defaults.font.size = 12;
  Chart.defaults.animation = false;
  Chart.defaults.maintainAspectRatio = false;
}

/* A figure in the element of this id. build() gives {config, words, head, body} anew each time that the chart is drawn. */
function addChart(id, label, caption, build) {
  const canvas = element('canvas', {role: 'img', tabindex: 0, 'aria-label': label});
  const plot = element('div', {class: 'plot'}, canvas), words = element('figcaption', {id: id + '-words'}, caption);
  const table = element('table', {});
  const details = element('details', {class: 'figures-of-chart'}, element('summary', {}, 'Its numbers as a table'),
    element('div', {class: 'scroll'}, table));
  const chart = {id, canvas, plot, drawn: null};
  const fill = (made) => table.replaceChildren(
    element('thead', {}, element('tr', {}, ...made.head.map((h, i) =>
      element('th', {scope: 'col', class: i ? 'number' : ''}, h)))),
    element('tbody', {}, ...made.body.map((row) => element('tr', {}, ...row.map((cell, i) =>
      element(i ? 'td' : 'th', i ? {class: 'number'} : {scope: 'row'}, cell))))));
  chart.draw = () => {
    const made = build(chart);
    canvas.setAttribute('aria-label', label + '. ' + made.words);
    words.textContent = caption + ' ' + made.words;
    if (chart.drawn) chart.drawn.destroy();
    chart.drawn = new Chart(canvas, made.config);
    chart.made = made;
    if (details.open) fill(made);
  };
  details.addEventListener('toggle', () => details.open && fill(chart.made));
  byId(id).append(element('figure', {'aria-label': label}, words, plot, details));
  charts.push(chart);
  return chart;
}

function drawCharts() {
  readColours();
  for (const chart of charts) chart.draw();
}

const legend = (names) => element('ul', {class: 'legend', 'aria-label': 'Colours'},
  ...names.map((name) => element('li', {}, chip(name))));

function bars(points) {
  return usedSeries.map((s) => ({
    label: s.name, data: points.map((p) => ({x: p.x, y: p.counts[s.number] || 0})), backgroundColor: colours.of(s.name),
    barPercentage: 1, categoryPercentage: 1, borderColor: colours.paper, borderWidth: {left: 0.5, right: 0.5},
    inflateAmount: 0, stack: 'all', grouped: false,
  }));
}

const wholeTicks = {precision: 0, callback: (n) => Number.isInteger(n) ? number(n) : ''};

function barOptions(x, title, tip) {
  return {
    parsing: false, normalized: true,
    interaction: {mode: 'index', intersect: false},
    scales: {
      x: {type: 'linear', stacked: true, offset: false, grid: {display: false, drawTicks: true}, ...x},
      y: {stacked: true, beginAtZero: true, ticks: wholeTicks, title: {display: true, text: title}, border: {display: false}},
    },
    plugins: {
      legend: {display: false},
      tooltip: {filter: (item) => item.parsed.y > 0, callbacks: {title: (items) => items.length ? tip(items[0].dataIndex) : '',
        label: (item) => ' ' + item.dataset.label + ': ' + number(item.parsed.y)}},
    },
  };
}

const sumOf = (counts) => counts.reduce((a, b) => a + b, 0);
const countsRow = (counts) => [number(sumOf(counts)), ...usedSeries.map((s) => number(counts[s.number] || 0))];
const countsHead = (first) => [first, 'all', ...usedSeries.map((s) => s.name)];

/* Reuses over time, zoomed. */
const whole = (() => {
  const {width, first, bins} = data.times, last = bins.length ? bins[bins.length - 1][0] : 0;
  const parse = (text) => Date.parse(text.slice(0, 19) + 'Z') / 1000 + Number('0' + text.slice(19)) - epoch;
  if (rows.count === data.reuses && rows.count) {
    /* All of the capture, also where no reuse is. */
    let low = data.run.first_time ? parse(data.run.first_time) : Infinity;
    let high = data.run.last_time ? parse(data.run.last_time) : -Infinity;
    for (let i = 0; i < rows.count; i++) {
      low = Math.min(low, timeOf(i));
      high = Math.max(high, timeOf(i));
    }
    const room = Math.max((high - low) * 0.01, 1e-3);
    return {from: low - room, to: high + room};
  }
  return {from: first - epoch, to: first - epoch + (last + 1) * width};
})();
const zoom = {...whole, changed: []};

const widths = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];
function niceWidth(least) {
  if (least <= 0.5) {
    const power = 10 ** Math.floor(Math.log10(least));
    return power * [1, 2, 5, 10].find((m) => m * power >= least * 0.999999);
  }
  return widths.find((w) => w >= least) || Math.ceil(least / 86400) * 86400;
}

function binTimes(most) {
  const span = zoom.to - zoom.from;
  let width, counts, first, unit = data.times.width;
  if (rows.count === data.reuses) {
    width = niceWidth(span / most);
    /* Bins begin at whole multiples of their width since 1970. */
    first = width >= 1 ? Math.floor((zoom.from + epoch) / width) * width - epoch : Math.floor(zoom.from / width) * width;
    const n = Math.max(1, Math.ceil((zoom.to - first) / width));
    counts = Array.from({length: n}, () => new Array(data.verdicts.length + 1).fill(0));
    for (let i = 0; i < rows.count; i++) {
      const at = Math.floor((timeOf(i) - first) / width);
      if (at >= 0 && at < n) counts[at][rows.verdict[i]]++;
    }
  } else {
    const origin = data.times.first - epoch;
    const multiple = Math.max(1, Math.ceil(span / most / unit));
    width = unit * multiple;
    const from = Math.max(0, Math.floor((zoom.from - origin) / width));
    first = origin + from * width;
    const n = Math.max(1, Math.ceil((zoom.to - first) / width));
    counts = Array.from({length: n}, () => new Array(data.verdicts.length + 1).fill(0));
    for (const bin of data.times.bins) {
      const at = Math.floor(bin[0] / multiple) - from;
      if (at >= 0 && at < n) bin.slice(1).forEach((c, v) => { counts[at][v] += c; });
    }
  }
  return {width, first, points: counts.map((c, i) => ({x: first + (i + 0.5) * width, counts: c}))};
}

const decimalsFor = (step) => step >= 1 ? 0 : Math.min(9, Math.ceil(-Math.log10(step) - 1e-9));
function timeScale(from, to, room) {
  const step = niceWidth((to - from) / Math.max(2, room)), long = step >= 86400, decimals = decimalsFor(step);
  const origin = step >= 1 ? epoch : 0;
  return {
    min: from, max: to, title: {display: true, text: day(from + epoch) === day(to + epoch)
      ? 'time on ' + day(from + epoch) + ', UTC' : 'time, UTC'},
    afterBuildTicks: (axis) => {
      axis.ticks = [];
      for (let k = Math.ceil((from + origin) / step); k * step - origin <= to && axis.ticks.length < 40; k++)
        axis.ticks.push({value: k * step - origin});
    },
    ticks: {maxRotation: 0, autoSkip: true, callback: (x) => {
      const t = epoch + x + step / 2;     /* a tick may lie just below its time */
      if (long) return day(t);
      const text = clock(x, decimals, epoch);
      return day(from + epoch) === day(to + epoch) ? text : [text, day(t).slice(5)];
    }},
  };
}

function setZoom(from, to) {
  const span = Math.min(Math.max(to - from, 1e-5), whole.to - whole.from);
  zoom.from = Math.min(Math.max(from, whole.from), whole.to - span);
  zoom.to = zoom.from + span;
  for (const changed of zoom.changed) changed();
}
const zoomBy = (factor) => setZoom((zoom.from + zoom.to) / 2 - (zoom.to - zoom.from) / 2 * factor,
  (zoom.from + zoom.to) / 2 + (zoom.to - zoom.from) / 2 * factor);
const panBy = (part) => setZoom(zoom.from + part * (zoom.to - zoom.from), zoom.to + part * (zoom.to - zoom.from));
const isZoomed = () => zoom.from > whole.from || zoom.to < whole.to;

function dragToZoom(chart) {
  let start = null;
  const band = element('div', {class: 'band', hidden: true});
  chart.plot.append(band);
  const at = (event) => Math.min(Math.max(event.clientX - chart.canvas.getBoundingClientRect().left,
    chart.drawn.chartArea.left), chart.drawn.chartArea.right);
  const place = (a, b) => {
    band.style.left = Math.min(a, b) + 'px';
    band.style.width = Math.abs(a - b) + 'px';
  };
  chart.canvas.addEventListener('pointerdown', (event) => {
    if (event.button || event.pointerType === 'touch') return;
    start = at(event);
    chart.canvas.setPointerCapture(event.pointerId);
  });
  chart.canvas.addEventListener('pointermove', (event) => {
    if (start === null) return;
    band.hidden = false;
    place(start, at(event));
  });
  chart.canvas.addEventListener('pointerup', (event) => {
    if (start === null) return;
    const scale = chart.drawn.scales.x, a = scale.getValueForPixel(start), b = scale.getValueForPixel(at(event));
    if (Math.abs(start - at(event)) > 5) setZoom(Math.min(a, b), Math.max(a, b));
    start = null;
    band.hidden = true;
  });
  chart.canvas.addEventListener('dblclick', () => setZoom(whole.from, whole.to));
  const keys = {'+': () => zoomBy(0.5), '=': () => zoomBy(0.5), '-': () => zoomBy(2), ArrowLeft: () => panBy(-0.25),
    ArrowRight: () => panBy(0.25), Escape: () => setZoom(whole.from, whole.to), Home: () => setZoom(whole.from, whole.to)};
  chart.canvas.addEventListener('keydown', (event) => {
    if (keys[event.key] && !event.ctrlKey && !event.metaKey) {
      keys[event.key]();
      event.preventDefault();
    }
  });
}

function spanText() {
  const span = zoom.to - zoom.from, decimals = decimalsFor(span / 10), unit = 10 ** decimals;
  const from = Math.round(zoom.from * unit) / unit;     /* of the day, too: the next one may begin */
  return gap(span) + ' from ' + day(from + epoch) + ' ' + clock(from, decimals, epoch) + ' UTC';
}

function timeChart() {
  const all = element('button', {type: 'button', onclick: () => setZoom(whole.from, whole.to)}, 'All');
  const button = (text, name, action) => element('button', {type: 'button', 'aria-label': name, title: name, onclick: action},
    text);
  byId('time-chart').append(element('div', {class: 'tools zoom', role: 'group', 'aria-label': 'Span of time shown'},
    button('+', 'Zoom in', () => zoomBy(0.5)), button('\u2212', 'Zoom out', () => zoomBy(2)),
    button('\u2190', 'Earlier', () => panBy(-0.5)), button('\u2192', 'Later', () => panBy(0.5)), all));
  const chart = addChart('time-chart', 'Reuses over time, by verdict', '', (self) => {
    const binned = binTimes(Math.max(24, Math.min(120, self.plot.clientWidth / 9)));
    const {points, width, first} = binned;
    all.disabled = !isZoomed();
    const peak = points.reduce((a, b) => sumOf(b.counts) > sumOf(a.counts) ? b : a, points[0]);
    const when = (p) => clock(p.x - width / 2, decimalsFor(width), epoch);
    return {
      words: 'Each bar is ' + gap(width) + '. Shown: ' + spanText() + ', with '
        + plural(points.reduce((a, p) => a + sumOf(p.counts), 0), 'reuse')
        + '; the most in one bar are ' + number(sumOf(peak.counts)) + ', at ' + when(peak)
        + '. Drag across the chart, or use the buttons or the keys + \u2212 \u2190 \u2192, to zoom; the table below follows.',
      head: countsHead('time, UTC'),
      body: points.filter((p) => sumOf(p.counts)).map((p) => [day(p.x + epoch) + ' ' + when(p), ...countsRow(p.counts)]),
      config: {type: 'bar', data: {datasets: bars(points)},
        options: barOptions(timeScale(Math.max(zoom.from, first), zoom.to, self.plot.clientWidth / 110), 'reuses',
          (i) => points[i] ? when(points[i]) + ' UTC, ' + gap(width) : '')},
    };
  });
  byId('time-chart').append(legend(usedSeries.map((s) => s.name)));
  dragToZoom(chart);
  zoom.changed.push(() => chart.draw());
}

/* Bars over a logarithmic scale of times. */
function edgeBins(bins) {
  const byNumber = new Map(bins.map((b) => [b[0], b.slice(1)])), last = data.edges.length;
  const inside = bins.map((b) => b[0]).filter((n) => n > 0 && n < last);
  return {byNumber, low: Math.min(...inside), high: Math.max(...inside), below: byNumber.get(0), above: byNumber.get(last)};
}

const lineLabels = {
  id: 'lines',
  afterDatasetsDraw(chart, _, options) {
    const {ctx, chartArea: area, scales: {x}} = chart;
    ctx.save();
    ctx.font = '11px ' + Chart.defaults.font.family;
    ctx.strokeStyle = ctx.fillStyle = colours.ink;
    ctx.setLineDash([6, 3]);
    ctx.lineWidth = 1;
    /* From the right: a label stands above those whose lines would cross it. What finds no room is named below only. */
    const drawn = [];
    for (const line of [...options.lines || []].reverse()) {
      const at = x.getPixelForValue(line.x);
      if (at < area.left || at > area.right) continue;
      const width = ctx.measureText(line.text).width + 8;
      const row = Math.max(0, ...drawn.filter((d) => d.at < at + width).map((d) => d.row + 1));
      const named = row < options.rows;
      if (named) drawn.push({at, row});
      ctx.beginPath();
      ctx.moveTo(at, area.bottom);
      ctx.lineTo(at, area.top - (named ? 14 * row + 12 : 0));
      ctx.stroke();
      if (named) ctx.fillText(line.text, at + 4, area.top - 14 * row - 3);
    }
    ctx.restore();
  },
};

function gapConfig(bins, lines, unit) {
  const {byNumber, low, high} = edgeBins(bins), last = data.edges.length;
  const reach = lines.map((l) => data.edges.findIndex((e) => e > l.seconds)).filter((n) => n > 0);
  const from = Math.max(1, Math.min(low, ...reach) - 2), to = Math.min(last - 1, Math.max(high, ...reach) + 2);
  const points = [];
  for (let n = from; n <= to; n++)
    points.push({n, x: (Math.log10(data.edges[n - 1]) + Math.log10(data.edges[n])) / 2, counts: byNumber.get(n) || []});
  const span = (n) => gap(data.edges[n - 1]) + ' to ' + gap(data.edges[n]);
  return {points, span, config: {
    type: 'bar', data: {datasets: bars(points)}, plugins: [lineLabels],
    options: {
      ...barOptions({
        min: Math.log10(data.edges[from - 1]), max: Math.log10(data.edges[to]),
        title: {display: true, text: unit},
        afterBuildTicks: (axis) => {
          axis.ticks = [];
          const step = Math.max(1, Math.ceil((axis.max - axis.min) * 60 / Math.max(axis.width, 100)));
          for (let k = Math.ceil(axis.min - 1e-6); k <= axis.max + 1e-6; k += step) axis.ticks.push({value: k});
        },
        ticks: {maxRotation: 0, callback: (x) => gap(+(10 ** x).toPrecision(3))},
      }, 'reuses', (i) => points[i] ? span(points[i].n) : ''),
    },
  }};
}

const peakOf = (points) => points.reduce((a, b) => sumOf(b.counts) > sumOf(a.counts) ? b : a);

function gapChart() {
  const shown = data.timers.filter((t) => t.seconds <= 600);
  const groups = new Map();
  for (const t of shown) {
    const key = t.seconds + (t.idle ? ' idle' : '');
    groups.set(key, {seconds: t.seconds, idle: t.idle, names: [...(groups.get(key)?.names || []), t.name]});
  }
  const lines = [...groups.values()].filter((g) => !g.idle);
  addChart('gap-chart', 'Gaps from the old connection\u2019s last frame to the reuse, by verdict',
    'From the last frame of the old connection to the reuse, on a logarithmic scale.', (self) => {
      const edges = edgeBins(data.gaps);
      const made = edges.low === Infinity ? null : gapConfig(data.gaps, lines, 'gap');
      if (!made) return {words: 'No gap is longer than a microsecond.', head: [], body: [],
        config: {type: 'bar', data: {datasets: []}}};
      made.config.options.layout = {padding: {top: lines.length ? 60 : 4, right: 40}};
      made.config.options.plugins.lines = {rows: 4,
        lines: lines.map((l) => ({x: Math.log10(l.seconds), text: gap(l.seconds)}))};
      const peak = peakOf(made.points);
      return {
        words: 'Most, ' + plural(sumOf(peak.counts), 'reuse') + ', lie between ' + made.span(peak.n).replace(' to ', ' and ')
          + '.' + (edges.below ? ' Not shown: ' + plural(sumOf(edges.below), 'gap') + ' below a microsecond, or negative.' : '')
          + (edges.above ? ' Not shown: ' + plural(sumOf(edges.above), 'gap') + ' above 115 days.' : ''),
        head: countsHead('gap'), body: made.points.filter((p) => sumOf(p.counts)).map((p) => [made.span(p.n), ...countsRow(p.counts)]),
        config: made.config,
      };
    });
  byId('gap-chart').append(legend(usedSeries.map((s) => s.name)));
  if (data.timers.length) {
    byId('gap-chart').append(
      element('p', {class: 'note'}, 'Dashed lines: timers of hosts and devices that still know a closed connection. A reuse left of '
        + 'a line came while such a host or device held the old one. ' + lines.map((l) => gap(l.seconds) + ': ' + l.names.join(', '))
        .join('; ') + '.'),
      element('p', {class: 'note'}, 'An open connection is forgotten after these idle times: '
        + data.timers.filter((t) => t.idle).map((t) => gap(t.seconds) + ' ' + t.name).join(', ') + '.'));
  }
}

function delayChart() {
  const target = byId('delay-chart'), edges = edgeBins(data.delays);
  if (!data.delays.length || edges.low === Infinity) {
    target.append(element('p', {class: 'empty'}, data.has_verdicts ? 'No reusing SYN was answered by a SYN/ACK in this capture.'
      : 'Delays come with verdicts: leave out --verdicts off.'));
    return;
  }
  addChart('delay-chart', 'Delays of the new connections, by verdict',
    'From the reusing SYN to the SYN/ACK that took it up, on a logarithmic scale: what a client waited.', () => {
      const made = gapConfig(data.delays, [], 'delay'), peak = peakOf(made.points);
      return {
        words: 'Most, ' + plural(sumOf(peak.counts), 'connection') + ', waited ' + made.span(peak.n) + '. '
          + (data.without_delay ? plural(data.without_delay, 'reuse has', 'reuses have') + ' no such answer.' : ''),
        head: countsHead('delay'), body: made.points.filter((p) => sumOf(p.counts)).map((p) => [made.span(p.n), ...countsRow(p.counts)]),
        config: made.config,
      };
    });
  target.append(legend(usedSeries.map((s) => s.name)));
}

/* Connections that clients had open, against the range of ports. */
function portChart() {
  const target = byId('port-chart'), clients = data.clients.worst.filter((c) => c.open);
  if (!clients.length) {
    target.append(element('p', {class: 'empty'}, data.run.no_endpoints
      ? 'Not counted: that needs all conversations and their verdicts, so leave out ' + data.run.no_endpoints + '.'
      : 'No client has a reuse.'));
    return;
  }
  const range = clients[0].range, names = ['stale-open', 'refused', 'in-order', 'challenged', 'lost', 'early-accepted'];
  const dashes = [[], [7, 3], [2, 3], [9, 3, 2, 3], [4, 4], [1, 2]];
  const shift = Math.min(...clients.map((c) => c.open.first)), last = Math.max(...clients.map((c) => c.open.first
    + c.open.width * c.open.most.length));
  addChart('port-chart', 'Ports in use by the worst clients, against the range of ports',
    'Connections that each of the worst clients had open at once; each takes a port towards its server. '
    + 'Ports that wait in TIME_WAIT come on top.', (self) => ({
      words: 'The most at once: ' + clients.map((c) => c.address + ' ' + number(c.most_open)).join(', ')
        + '. The range has ' + number(range) + ' ports.',
      head: ['client', 'most open at once', 'of the range'],
      body: clients.map((c) => [c.address, number(c.most_open), percent(c.most_open, range)]),
      config: {type: 'line', data: {datasets: [
        ...clients.map((c, k) => ({label: c.address, borderColor: colours.of(names[k]), backgroundColor: colours.of(names[k]),
          borderDash: dashes[k], borderWidth: 2, pointRadius: 0, stepped: true,
          data: [...c.open.most, 0].map((n, i) => ({x: c.open.first + i * c.open.width - epoch, y: Math.max(n, 0.8)}))})),
        {label: 'ports in the range', borderColor: colours.ink, backgroundColor: colours.ink, borderDash: [10, 4], borderWidth: 1.5,
          pointRadius: 0, data: [{x: shift - epoch, y: range}, {x: last - epoch, y: range}]},
      ]}, options: {
        parsing: false, interaction: {mode: 'nearest', axis: 'x', intersect: false},
        scales: {
          x: {type: 'linear', grid: {display: false}, ...timeScale(shift - epoch, last - epoch, self.plot.clientWidth / 110)},
          y: {type: 'logarithmic', min: 0.8, max: Math.max(range, ...clients.map((c) => c.most_open)) * 1.6,
            title: {display: true, text: 'ports'}, ticks: {callback: number}, afterBuildTicks: (axis) => {
              axis.ticks = [1, 10, 100, 1000, 10000, 100000].filter((n) => n <= axis.max).map((value) => ({value}));
            }},
        },
        plugins: {legend: {labels: {color: colours.ink, usePointStyle: false, boxWidth: 28, boxHeight: 0}},
          tooltip: {callbacks: {title: (items) => items.length ? clock(items[0].parsed.x + epoch) + ' UTC' : '',
            label: (item) => ' ' + item.dataset.label + ': ' + number(Math.floor(item.parsed.y))}}},
      }},
    }));
}
