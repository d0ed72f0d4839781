/* The report page: its parts that are no charts, and putting all together. */
const duration = () => {
  const {first_time: a, last_time: b} = data.run;
  return a && b ? (Date.parse(b.slice(0, 23) + 'Z') - Date.parse(a.slice(0, 23) + 'Z')) / 1000 : 0;
};

function lead() {
  byId('version').textContent = data.run.tcpreuse;
  byId('headline').textContent = data.headline;
  document.title = data.headline;
  if (!data.run.complete)
    byId('lead').before(element('p', {class: 'notice', id: 'incomplete', role: 'alert'}, 'This is not all: the run '
      + (data.run.interrupted ? 'was interrupted' : 'had errors') + ', so reuses may be missing. ',
    element('a', {href: '#read'}, 'What went wrong')));
  const words = byId('lead');
  if (!data.reuses) {
    words.textContent = 'In ' + plural(data.run.conversations, 'conversation') + ' of this capture no client took up the ports of an '
      + 'earlier connection. Ports are then no reason for connections that fail or hang here.';
    return;
  }
  if (!data.has_verdicts) {
    words.textContent = 'What they mean was not asked for: leave out --verdicts off.';
    return;
  }
  const worst = usedSeries.filter((s) => s.hurts).sort((a, b) => b.reuses - a.reuses)[0];
  const most = [...usedSeries].sort((a, b) => b.reuses - a.reuses)[0];
  words.append(worst ? 'Most of the trouble is ' : 'Most are ', chip((worst || most).name), ' (' + number((worst || most).reuses) + '): '
    + (worst || most).meaning + '. ' + (worst || most).next);
  const strip = byId('strip');
  strip.setAttribute('aria-label', 'Share of each verdict: ' + usedSeries.map((s) => s.name + ' ' + percent(s.reuses, data.reuses))
    .join(', '));
  for (const s of usedSeries) {
    const part = element('span', {class: 'v-' + s.name, title: s.name + ': ' + number(s.reuses)});
    part.style.flexGrow = s.reuses;
    strip.append(part);
  }
}

function figure(name, value, id) {
  byId('figures').append(element('div', {}, element('dt', {}, name), element('dd', {id}, value)));
}

function problemList(title, problems) {
  return problems.length ? [element('h3', {}, title), element('ul', {class: 'inputs'}, ...problems.map((p) => element('li', {},
    p.file ? element('bdi', {}, p.file) : '', p.file ? ': ' : '', p.message)))] : [];
}

function read() {
  const run = data.run, text = byId('read-text'), inputs = run.ports.length ? run.ports : run.inputs;
  figure('Frames', number(run.frames), 'frames');
  figure('Conversations', number(run.conversations), 'conversations');
  figure('Reuses', number(data.reuses), 'reuse-total');
  if (data.has_verdicts) figure('Refused, held up or lost', number(data.hurt), 'hurt');
  if (run.first_time) figure('Time covered', gap(duration()));
  figure('Read', bytes(run.bytes));
  if (run.first_time)
    text.append(element('p', {}, 'From ' + run.first_time.replace('T', ' ') + ' to ' + run.last_time.replace('T', ' ') + ' UTC. '
      + number(run.with_tcp) + ' of ' + plural(run.frames, 'frame') + ' have TCP. Rules: those of Wireshark ' + run.rules
      + ' and later.'));
  const list = element('ul', {class: 'inputs'}, ...inputs.map((name) => element('li', {}, element('bdi', {}, name))));
  if (!run.ports.length && run.input_count > inputs.length)
    list.append(element('li', {}, 'and ' + number(run.input_count - inputs.length) + ' more'));
  text.append(inputs.length > 5 ? element('details', {}, element('summary', {}, plural(Math.max(run.input_count, inputs.length),
    'input')), list) : list);
  if (run.interrupted) text.append(element('p', {class: 'notice'}, 'The run was interrupted: this is what had been read by then.'));
  if (run.lost) text.append(element('p', {class: 'notice'}, plural(run.lost, 'frame was', 'frames were')
    + ' lost while capturing; reuses among them are missing.'));
  if (run.frames_back) text.append(element('p', {class: 'notice'}, plural(run.frames_back, 'frame goes', 'frames go')
    + ' back in time; reuses may come from that.'));
  text.append(...problemList('Not read to the end', run.errors), ...problemList('Errors of the run', run.failures),
    ...problemList('Notes', run.notes));
  if (run.left_out.length)
    text.append(element('details', {}, element('summary', {}, 'Frames that were left out'), element('ul', {class: 'inputs'},
      ...run.left_out.map((n) => element('li', {}, n.why + ' ' + n.what + ': ' + plural(n.frames, 'frame'))))));
}

function verdicts() {
  const target = byId('verdict-list');
  if (!data.reuses) {
    target.append(element('p', {class: 'empty'}, 'There is nothing to judge: no port was reused.'));
    return;
  }
  if (!data.has_verdicts) {
    target.append(element('p', {class: 'empty'}, 'No verdicts were asked for: leave out --verdicts off.'));
    return;
  }
  for (const s of usedSeries)
    target.append(element('div', {class: 'verdict-row'}, element('div', {class: 'count', id: 'verdict-' + s.name}, number(s.reuses),
      element('small', {}, percent(s.reuses, data.reuses))), chip(s.name),
    element('p', {}, capital(s.meaning) + '. ', element('span', {class: 'soft'}, s.next))));
}

function table(caption, heads, body) {
  return element('div', {class: 'scroll'}, element('table', {class: 'cards', 'aria-label': caption},
    element('thead', {}, element('tr', {}, ...heads.map((h) => element('th', {scope: 'col', class: h.number ? 'number' : ''}, h.title)))),
    element('tbody', {}, ...body.map((row) => element('tr', {}, ...row.map((cell, i) => element('td',
      {'data-label': heads[i].title, class: (heads[i].number ? 'number' : '') + (heads[i].address ? ' address' : '')}, cell)))))));
}

const numeric = (title) => ({title, number: true});

function endpoints() {
  const target = byId('endpoint-tables');
  if (data.run.no_endpoints) {
    target.append(element('p', {class: 'empty'}, 'Not counted: that needs all conversations and their verdicts, so leave out '
      + data.run.no_endpoints + '.'));
    return;
  }
  const common = [numeric('Reuses'), numeric('Failed'), numeric('Delayed'), numeric('Median gap'), numeric('Conversations'),
    numeric('Most open'), numeric('Ports used')];
  for (const [name, ranking, heads] of [['Clients', data.clients, [{title: 'Client', address: true}, ...common,
    {title: 'Order of ports'}]], ['Servers', data.servers, [{title: 'Server', address: true}, ...common]]]) {
    const row = (e) => [e.port === undefined ? e.address : (e.address.includes(':') ? '[' + e.address + ']' : e.address) + ':' + e.port,
      number(e.reuses), e.failed ? number(e.failed) + ' (' + percent(e.failed, e.reuses) + ')' : '0', number(e.delayed),
      gap(e.median_gap), number(e.conversations), number(e.most_open), number(e.ports), ...(name === 'Clients' ? [e.order] : [])];
    target.append(element('h3', {}, name + ': ' + (ranking.worst.length ? 'the worst ' + ranking.worst.length + ' of '
      + number(ranking.all) : 'none has a reuse')));
    if (ranking.worst.length) target.append(table(name + ' with most failed reuses', heads, ranking.worst.map(row)));
  }
  target.append(element('p', {class: 'note'}, 'Failed: refused, challenged or lost. Most open: connections at once.'));
}

function episodes() {
  const target = byId('episode-table'), all = data.episodes;
  if (!all.all) {
    target.append(element('p', {class: 'empty'}, data.has_verdicts ? 'None: each reuse was the client\u2019s only attempt.'
      : 'Episodes come with verdicts: leave out --verdicts off.'));
    return;
  }
  const outcomes = data.words.outcome.map((word, i) => [word, all.by_outcome[i]]).filter((o) => o[1]);
  target.append(element('p', {}, plural(all.all, 'client', 'times a client') + ' took the same ports again and again, '
    + plural(all.attempts, 'attempt') + ' in all: ' + outcomes.map(([word, n]) => number(n) + ' ' + word).join(', ') + '.'));
  const networks = all.most.some((e) => e.network);
  const row = (e) => [String(e.frame), e.time.replace('T', ' ').slice(0, 23), e.client.address.includes(':')
    ? '[' + e.client.address + ']:' + e.client.port : e.client.address + ':' + e.client.port, e.server.address.includes(':')
    ? '[' + e.server.address + ']:' + e.server.port : e.server.address + ':' + e.server.port,
  ...(networks ? [e.network || ''] : []), number(e.attempts),
  data.words.outcome[e.outcome], e.delay === undefined ? '' : gap(e.delay)];
  const heads = [numeric('First frame'), {title: 'Time (UTC)'}, {title: 'Client', address: true}, {title: 'Server', address: true},
    ...(networks ? [{title: 'Network'}] : []), numeric('Attempts'), {title: 'Outcome'}, numeric('Until connected')];
  const box = element('div', {}), shown = all.most.slice(0, 10);
  box.append(table('Episodes with most attempts', heads, shown.map(row)));
  target.append(box);
  if (all.most.length > shown.length) {
    const more = element('button', {type: 'button', onclick: () => {
      box.replaceChildren(table('Episodes with most attempts', heads, all.most.map(row)));
      more.remove();
    }}, 'Show ' + (all.most.length < all.all ? 'the ' + number(all.most.length) + ' longest' : 'all ' + number(all.all)));
    target.append(element('p', {}, more));
  }
}

function contents() {
  const parts = [['read', 'What was read'], ['verdicts', 'Meaning'], ['time', 'Over time'], ['gaps', 'Gaps'], ['delays', 'Delays'],
    ['ports', 'Ports'], ['endpoints', 'Endpoints'], ['episodes', 'Episodes'], ['reuses', 'Reuses']];
  for (const [id, name] of parts) {
    if (!data.reuses && byId(id).dataset.needs) byId(id).hidden = true;
    else byId('contents').append(element('li', {}, element('a', {href: '#' + id}, name)));
  }
}

contents();
lead();
read();
verdicts();
if (data.reuses) {
  readColours();
  timeChart();
  gapChart();
  delayChart();
  portChart();
  endpoints();
  episodes();
  rowTable();
  drawCharts();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawCharts);
  /* Paper is white. */
  const paper = (on) => {
    document.documentElement.classList.toggle('paper', on);
    drawCharts();
    for (const chart of charts) chart.drawn.resize();
  };
  addEventListener('beforeprint', () => paper(true));
  addEventListener('afterprint', () => paper(false));
}
document.documentElement.dataset.ready = 'yes';
