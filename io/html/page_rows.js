/* The report page: the table of reuses, which sorts, filters and pages, and the story of a reuse. */
const sized = [25, 50, 100, 250];
const view = {order: null, key: 'frame', down: false, page: 0, size: 25, text: '', verdict: '', trigger: '', open: -1};

/* 0.8: an answer that the client had to wait for; the row's text where it has none. */
const delayOf = (i) => rows.answer_delay[i] >= 0 ? rows.answer_delay[i] : Infinity;
const verdictRank = (() => {
  const rank = [];
  series.forEach((s, i) => { rank[s.number] = i; });
  return rank;
})();
/* Addresses in the order of their numbers, IPv4 first; made when the table is first sorted by one. */
const addressRank = (() => {
  const wide = (text) => {
    if (!text.includes(':')) return '4' + text.split('.').map((n) => n.padStart(3, '0')).join('');
    const [head, tail] = text.split('::').map((part) => part.split(':').filter(Boolean));
    const zeros = tail ? new Array(Math.max(0, 8 - head.length - tail.length)).fill('') : [];
    return '6' + [...head, ...zeros, ...(tail || [])].map((n) => n.padStart(4, '0')).join('');
  };
  let rank = null;
  return (address) => {
    if (!rank) {
      const keys = columns.addresses.map(wide);
      rank = new Int32Array(keys.length);
      keys.map((_, i) => i).sort((a, b) => keys[a] < keys[b] ? -1 : 1).forEach((a, i) => { rank[a] = i; });
    }
    return rank[address];
  };
})();

/* By VLAN, then interface, then VNI: 12, 16 and 25 bits of the 53 that a number has. */
const networkRank = (i) => ((rows.vlan?.[i] ?? 0) * 2 ** 16 + Math.min(rows.interface?.[i] ?? 0, 65535)) * 2 ** 25 + (rows.vni?.[i] ?? 0);

/* An endpoint whose line may be broken before the port. */
function breakable(text) {
  const at = text.lastIndexOf(':');
  return element('span', {}, text.slice(0, at), element('wbr'), text.slice(at));
}

const oneDay = rows.count > 0 && day(rows.seconds[0]) === day(rows.seconds[rows.count - 1]);
const cells = [
  {key: 'frame', title: 'Frame', number: true, sort: (i) => rows.frame[i]},
  {key: 'time', title: oneDay ? 'Time (UTC)' : 'Date and time (UTC)', sort: timeOf, nowrap: true,
    show: (i) => oneDay ? exactTime(i).slice(11) : exactTime(i)},
  {key: 'client', title: 'Client', sort: (i) => addressRank(rows.client[i]) * 65536 + rows.client_port[i], show: (i) => breakable(clientOf(i)),
    address: true},
  {key: 'server', title: 'Server', sort: (i) => addressRank(rows.server[i]) * 65536 + rows.server_port[i], show: (i) => breakable(serverOf(i)),
    address: true},
  ...(hasNetwork ? [{key: 'network', title: 'Network', sort: networkRank, show: networkOf, nowrap: true}] : []),
  {key: 'gap', title: 'Gap', number: true, sort: (i) => rows.gap[i], show: (i) => gap(rows.gap[i])},
  {key: 'trigger', title: 'Trigger', sort: (i) => rows.trigger[i], show: (i) => data.words.trigger[rows.trigger[i]], nowrap: true},
  ...(data.has_verdicts ? [
    {key: 'verdict', title: 'Verdict', sort: (i) => verdictRank[rows.verdict[i]], show: (i) => chip(verdictName(i))},
    {key: 'close', title: 'Old end', sort: (i) => rows.close[i], show: (i) => data.words.close[rows.close[i]], nowrap: true},
    {key: 'answer', title: 'Answer', sort: (i) => rows.answer[i], show: (i) => data.words.answer[rows.answer[i]], nowrap: true},
    {key: 'delay', title: 'Delay', number: true, sort: delayOf,
      show: (i) => rows.answer_delay[i] >= 0 ? gap(rows.answer_delay[i]) : ''},
  ] : []),
];

const searchText = (() => {
  let texts = null;
  return (i) => {
    texts ||= new Array(rows.count);
    return texts[i] ||= (clientOf(i) + ' ' + serverOf(i) + ' ' + rows.frame[i] + ' ' + data.words.trigger[rows.trigger[i]] + ' '
      + verdictName(i) + ' ' + rows.stream[i] + ' ' + (hasNetwork ? networkOf(i) + ' ' : '')
      + (data.files[rows.file[i]] || '')).toLowerCase();
  };
})();

function arrange() {
  const words = view.text.toLowerCase().split(/\s+/).filter(Boolean), zoomed = isZoomed(), kept = [];
  const hurts = data.verdicts.map((v) => v.hurts);
  for (let i = 0; i < rows.count; i++) {
    if (view.verdict === 'trouble' ? !hurts[rows.verdict[i]] : view.verdict !== '' && rows.verdict[i] !== +view.verdict) continue;
    if (view.trigger !== '' && rows.trigger[i] !== +view.trigger) continue;
    if (zoomed && (timeOf(i) < zoom.from || timeOf(i) > zoom.to)) continue;
    if (words.length && !words.every((word) => searchText(i).includes(word))) continue;
    kept.push(i);
  }
  if (view.key !== 'frame' || view.down) {
    const sort = cells.find((c) => c.key === view.key).sort, keys = new Float64Array(rows.count), sign = view.down ? -1 : 1;
    for (const i of kept) keys[i] = sort(i);
    kept.sort((a, b) => keys[a] === keys[b] ? a - b : keys[a] < keys[b] ? -sign : sign);
  }
  view.order = kept;
}

const filterOf = (i) => rows.stream[i] === rows.previous_stream[i] ? 'tcp.stream == ' + rows.stream[i]
  : 'tcp.stream in {' + Math.min(rows.stream[i], rows.previous_stream[i]) + ', ' + Math.max(rows.stream[i], rows.previous_stream[i])
    + '}';

const timerNames = (numbers) => numbers.map((t) => data.timers[t].name + ' (' + gap(data.timers[t].seconds) + ')').join(', ');

function gapStory(i) {
  const out = [gap(rows.gap[i]) + ' from the old connection\u2019s last frame to this one.'];
  if (!data.has_verdicts) return out;
  const under = columns.timer_sets[rows.undercuts[i]] || [], open = data.words.close[rows.close[i]] === 'open';
  const rest = (data.timers_of_close[rows.close[i]] || []).filter((t) => !under.includes(t));
  if (under.length) out.push((open ? 'Longer than these keep an idle connection: ' : 'Too early for ') + timerNames(under) + '.');
  if (rest.length) out.push((open ? 'These would still know it: ' : 'Late enough for ') + timerNames(rest) + '.');
  return out;
}

function beforeStory(i) {
  const frames = rows.frames[i], stream = 'Stream ' + rows.previous_stream[i] + ' had the ports, ';
  const out = [frames === 1 ? stream + 'with frame ' + rows.first_frame[i] + ' alone: ' + number(rows.bytes[i]) + ' bytes.'
    : stream + 'from frame ' + rows.first_frame[i] + ' to frame ' + rows.last_frame[i] + ': ' + number(frames) + ' frames, '
      + number(rows.bytes[i]) + ' bytes.'];
  if (data.has_verdicts) {
    const closer = data.words.closer[rows.closer[i]], close = data.words.close[rows.close[i]];
    out.push(data.words.closes[rows.close[i]].replace('%s', () => data.words.closers[rows.closer[i]])
      + (close === 'fin' && (closer === 'client' || closer === 'server') ? data.words.keeps : '') + '.');
  }
  return out;
}

function attemptStory(i) {
  const out = [data.words.triggers[rows.trigger[i]]];
  if (!data.has_verdicts) return out;
  if (data.words.origins[rows.origin[i]]) out.push(data.words.origins[rows.origin[i]]);
  if (data.words.answer[rows.answer[i]] && data.words.close[rows.close[i]].startsWith('fin') &&
      data.words.close[rows.close[i]] !== 'fin-rst') out.push(data.words.accepts[rows.acceptable[i]]);
  if (rows.attempt[i] > 1) out.push('It is attempt ' + rows.attempt[i] + ' of those that began with stream ' + rows.episode[i] + '.');
  if (rows.syn_retries[i]) out.push('The SYN was sent again, ' + plural(rows.syn_retries[i], 'time') + '.');
  return out;
}

function answerStory(i) {
  const answer = data.words.answers[rows.answer[i]], accepted = data.words.answer[rows.answer[i]] === 'syn-ack';
  const connected = data.words.outcome[rows.outcome[i]] === 'connected';
  const delayed = rows.episode_delay[i] >= 0 && rows.episode_delay[i] !== rows.answer_delay[i];
  return [accepted ? answer + (rows.answer_delay[i] >= 0 ? ', ' + gap(rows.answer_delay[i]) + ' later' : '') + '.' : answer,
    connected ? data.words.outcomes[rows.outcome[i]] + (delayed ? ', ' + gap(rows.episode_delay[i]) + ' after its first SYN' : '') + '.'
      : data.words.outcomes[rows.outcome[i]]];
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

function verdictStory(i) {
  const verdict = data.verdicts[rows.verdict[i]], doubts = data.words.certainties.filter((_, bit) => rows.certainty[i] >> bit & 1);
  return capital(verdict.meaning) + '. ' + verdict.next + (doubts.length ? ' Less certain, as ' + doubts.join(' and ') + '.' : '');
}

function storyOf(i) {
  const item = (title, ...content) => [element('dt', {}, title), element('dd', {}, ...content)];
  const filter = filterOf(i);
  return element('div', {class: 'story'},
    element('dl', {},
      ...item('Reuse', 'Frame ' + rows.frame[i] + ', ' + exactTime(i) + ' UTC: ',
        element('span', {class: 'address'}, clientOf(i) + ' \u2192 ' + serverOf(i)), ', stream ' + rows.stream[i]
        + (hasNetwork && networkOf(i) ? ', ' + networkOf(i) : '') + (data.files[rows.file[i]] ? ', in ' + data.files[rows.file[i]] : '') + '.'),
      ...item('Before', beforeStory(i).join(' ')), ...item('Gap', gapStory(i).join(' ')),
      ...item('Attempt', attemptStory(i).join(' ')),
      ...(data.has_verdicts ? [...item('Answer', answerStory(i).join(' ')),
        ...item('Verdict', chip(verdictName(i)), element('br'), verdictStory(i))] : [])),
    element('div', {class: 'tools'}, element('code', {}, filter),
      element('button', {type: 'button', onclick: () => copyText(filter)}, 'Copy the display filter')));
}

/* Opens or closes a row's story; the display filter of one that opens is copied. */
function toggle(i) {
  view.open = view.open === i ? -1 : i;
  if (view.open === i) copyText(filterOf(i));
  drawRows();
  byId('frame-' + i)?.focus({preventScroll: true});
}

function rowOf(i) {
  const open = view.open === i;
  const frame = element('button', {type: 'button', class: 'frame-button', id: 'frame-' + i, 'aria-expanded': String(open),
    'aria-label': 'Story of the reuse in frame ' + rows.frame[i]}, String(rows.frame[i]));
  const row = element('tr', {class: 'reuse' + (open ? ' open' : ''), onclick: (event) => {
    if (!String(getSelection()) || event.target === frame) toggle(i);
  }}, ...cells.map((c) => element('td', {'data-label': c.title,
    class: [c.number ? 'number' : '', c.address ? 'address' : '', c.nowrap ? 'nowrap' : ''].join(' ').trim()},
  c.show ? c.show(i) : frame)));
  return open ? [row, element('tr', {class: 'story'}, element('td', {colspan: cells.length}, storyOf(i)))] : [row];
}

function drawRows() {
  const pages = Math.max(1, Math.ceil(view.order.length / view.size));
  view.page = Math.min(Math.max(view.page, 0), pages - 1);
  const shown = view.order.slice(view.page * view.size, (view.page + 1) * view.size);
  byId('reuse-rows').replaceChildren(...(shown.length ? shown.flatMap(rowOf)
    : [element('tr', {}, element('td', {colspan: cells.length, class: 'empty'}, 'No reuse fits these filters.'))]));
  byId('row-count').textContent = shown.length ? 'Reuses ' + number(view.page * view.size + 1) + ' to '
    + number(view.page * view.size + shown.length) + ' of ' + number(view.order.length)
    + (view.order.length < rows.count ? ', filtered from ' + number(rows.count) : '')
    + (isZoomed() ? '; only those of the span of time shown above' : '') : 'No reuses';
  byId('page-first').disabled = byId('page-back').disabled = view.page === 0;
  byId('page-on').disabled = byId('page-last').disabled = view.page === pages - 1;
  for (const c of cells) {
    const head = byId('head-' + c.key);
    if (c.key === view.key) head.setAttribute('aria-sort', view.down ? 'descending' : 'ascending');
    else head.removeAttribute('aria-sort');
  }
  byId('sort').value = view.key + (view.down ? ' down' : '');
}

function refresh(change) {
  Object.assign(view, {page: 0, open: -1}, change);
  arrange();
  drawRows();
}

function choice(label, id, options, change, more) {
  return element('label', {class: more || ''}, label, element('select', {id, onchange: (event) => change(event.target.value)},
    ...options.map(([value, text]) => element('option', {value}, text))));
}

function rowTable() {
  const target = byId('reuse-table'), go = (id, text, name, page) => element('button', {type: 'button', id, title: name,
    'aria-label': name, onclick: () => { view.page = page(); view.open = -1; drawRows(); }}, text);
  const cut = data.reuses > rows.count;
  if (cut)
    target.append(element('p', {class: 'notice', id: 'cut'}, 'The first ' + number(rows.count) + ' of ' + number(data.reuses)
      + ' reuses are listed here. ' + (data.run.rows_file ? 'All are in ' + data.run.rows_file + ', beside this page.'
      : 'For all, run with --reports reuse,page: they are then in reuse.csv.') + ' The charts count all of them.'));
  target.append(element('p', {class: 'note'},
    'Choose a reuse for its story; that copies its display filter for Wireshark, too.'));
  let typing = 0;
  target.append(element('div', {class: 'tools', role: 'search', 'aria-label': 'Reuses'},
    element('label', {}, 'Find', element('input', {type: 'search', id: 'find', placeholder: 'address, port, frame \u2026',
      autocomplete: 'off', oninput: (event) => {
        clearTimeout(typing);
        typing = setTimeout(() => refresh({text: event.target.value}), 120);
      }})),
    data.has_verdicts ? choice('Verdict', 'by-verdict', [['', 'all verdicts'], ...(data.hurt ? [['trouble', 'refused, held up or lost']]
      : []), ...usedSeries.map((s) => [s.number, s.name + ' (' + number(s.reuses) + ')'])], (verdict) => refresh({verdict})) : null,
    choice('Trigger', 'by-trigger', [['', 'all triggers'], ...data.by_trigger.map((n, t) => [t, data.words.trigger[t]
      + ' (' + number(n) + ')', n]).filter((t) => t[2])], (trigger) => refresh({trigger})),
    choice('Sort by', 'sort', cells.flatMap((c) => [[c.key, c.title.toLowerCase() + ', up'],
      [c.key + ' down', c.title.toLowerCase() + ', down']]), (value) => {
      const [key, down] = value.split(' ');
      refresh({key, down: Boolean(down)});
    }, 'only-narrow'),
    choice('Rows', 'size', sized.map((n) => [n, n]), (size) => refresh({size: +size}))));
  target.append(element('div', {class: 'scroll'}, element('table', {class: 'cards', 'aria-labelledby': 'reuses-title'},
    element('thead', {}, element('tr', {}, ...cells.map((c) => element('th', {scope: 'col', id: 'head-' + c.key,
      class: c.number ? 'number' : ''}, element('button', {type: 'button', onclick: () => refresh({key: c.key,
      down: view.key === c.key && !view.down})}, c.title))))),
    element('tbody', {id: 'reuse-rows'}))));
  target.append(element('div', {class: 'tools', role: 'group', 'aria-label': 'Pages of the table'},
    element('span', {id: 'row-count', role: 'status'}),
    element('span', {class: 'end'}), go('page-first', '\u21e4', 'First page', () => 0), go('page-back', '\u2190', 'Page before',
      () => view.page - 1), go('page-on', '\u2192', 'Next page', () => view.page + 1), go('page-last', '\u21e5', 'Last page',
      () => Infinity)));
  zoom.changed.push(() => refresh({}));
  arrange();
  drawRows();
}
