'use strict';
// What is shown is in the address's fragment: `user`, `kind`, `q` (the filter) and `open` (KIND/NAME). A fragment is not sent.
// Texts of the specs become text nodes and attributes that no script is in, never markup.
const KINDS = ['gate', 'config', 'experiment', 'layer', 'store'];
const EXAMPLES = [
  { userID: 'user-1' },
  { userID: 'user-2', email: 'someone@example.com', country: 'NZ', custom: { plan: 'pro' } },
  { customIDs: { stableID: 'device-1' }, userAgent: navigator.userAgent },
].map((user) => JSON.stringify(user, null, 2));
const RECENT = 'statsig-inspector-users';
const $ = (id) => document.getElementById(id);
const base = location.origin + location.pathname.replace(/\/$/, '');
let answers = [];
let before = new Map();
let evaluated = null;
let opened = null;

const state = () => new URLSearchParams(location.hash.slice(1));
function link(changes) {
  const next = state();
  for (const [key, value] of Object.entries(changes)) value ? next.set(key, value) : next.delete(key);
  return '#' + next;
}

function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children.filter((child) => child != null));
  return node;
}

async function ask(path, user) {
  const response = await fetch(base + path, { method: 'POST', body: user, headers: { 'content-type': 'application/json' } });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.error || `the service answered with status ${response.status}`);
  return answer;
}

// JSON with line breaks, token by token: a number is not read, since it may not fit.
function pretty(json) {
  let out = '';
  let depth = 0;
  let last = '';
  const line = () => '\n' + '  '.repeat(depth);
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s"{}[\]:,]+/g)) {
    if (token === '}' || token === ']') depth--;
    if (last === ',' || '{['.includes(last || '-') !== '}]'.includes(token)) out += line();
    if (token === '{' || token === '[') depth++;
    out += token === ':' ? ': ' : token;
    last = token;
  }
  return out;
}

const facts = (pairs) => pairs.filter(([, value]) => value != null && value !== '')
  .map(([name, value]) => [el('dt', {}, name), el('dd', {}, value)]);

function showStatus({ status, events, idListFailures }) {
  const time = (ms) => new Date(ms).toISOString().slice(0, 16).replace('T', ' ') + ' UTC';
  const table = status.table && [
    ['form', `${status.format} ${status.payload}`], ['table', `${status.table.bytes.toLocaleString('en')} bytes`],
    ['lcut', time(status.lcut)], ['age', `${status.age} s`], ['cache', status.cache.state],
  ];
  $('status').replaceChildren(...facts([
    ['source', status.source ? `${status.source}, ${status.route}` : 'none: there are no specs'], ...(table || []),
    ['events', events.to ? `to ${events.to}, ${events.pending} pending` : 'none are sent'],
  ]).map((pair) => el('div', {}, ...pair)));
  const warnings = [
    ...status.failures.map(({ source, error }) => `${source}: ${error}`),
    ...(status.cache.lastError ? [`cache: ${status.cache.lastError}`] : []),
    ...idListFailures.map(({ list, error }) => `ID list ${list}: ${error}`),
    ...(status.warnings || []),
  ];
  $('warnings').replaceChildren(...warnings.map((warning) => el('li', {}, warning)));
}

const key = ({ kind, name }) => `${kind}/${name}`;

function row(answer) {
  const node = el('tr', { 'data-kind': answer.kind, 'data-name': answer.name },
    el('td', { title: answer.name }, el('span', { class: 'kind' }, answer.entity.replace('feature_', '') || answer.kind), el('a', { href: '#' }, answer.name)),
    el('td', { class: answer.value === 'true' ? 'value yes' : 'value', title: answer.value.slice(0, 500) }, el(answer.kind === 'gate' ? 'b' : 'span', {}, answer.value)),
    el('td', { class: 'rule', title: answer.ruleID || '' }, answer.groupName || answer.ruleID || ''),
    el('td', { class: 'reason', title: answer.reason || '' }, (answer.reason || '').replace(/^(Bootstrap|Network):/, '')));
  const old = before.get(key(answer));
  if (old !== undefined && old !== answer.value) node.className = 'changed';
  answer.row = node;
  answer.text = [answer.name, answer.value, answer.ruleID, answer.groupName, answer.reason, answer.entity].join('\n').toLowerCase();
  return node;
}

// Filters, marks, counts, and points every link at what it opens in the present state.
function show() {
  const now = state();
  const kind = now.get('kind') || '';
  const words = (now.get('q') || '').toLowerCase().split(/\s+/);
  const found = answers.filter(({ text }) => words.every((word) => text.includes(word)));
  const stem = link({ open: '' });
  const shown = new Set(found.filter((answer) => !kind || answer.kind === kind));
  for (const answer of answers) {
    answer.row.hidden = !shown.has(answer);
    answer.row.querySelector('a').href = `${stem}&open=${encodeURIComponent(key(answer))}`;
    answer.row.toggleAttribute('aria-current', key(answer) === now.get('open'));
  }
  $('kinds').replaceChildren(...['', ...KINDS].map((each) => {
    const count = each ? found.filter((answer) => answer.kind === each).length : found.length;
    const button = el('button', { type: 'button', 'data-kind': each, 'aria-pressed': each === kind }, `${each ? each + 's' : 'all'} ${count}`);
    button.onclick = () => replace({ kind: each });
    return button;
  }));
  $('count').textContent = `${shown.size} of ${answers.length}`;
}

// What each kind of step says, and how much deeper it stands than its spec.
const mark = (holds) => (holds ? '✓' : holds === null ? '?' : '✗');
const rule = ({ ruleID, groupName }) => `rule ${ruleID || '(none)'}` + (groupName ? `, group ${groupName}` : '');
const STEPS = {
  spec: (step, depth) => [+(depth > 0), `${step.kind} `, el('a', { href: link({ open: key(step) }) }, step.name)],
  rule: (step) => [0, rule(step)],
  condition: (step) => [1, mark(step.holds), ' ', step.missing ? 'a condition that the specs lack'
    : [step.type, step.subject, step.operator, step.target].filter(Boolean).join(' '),
    step.operator && `; the user has ${step.value === null ? 'none' : JSON.stringify(step.value)}`],
  percentage: (step) => [1, mark(step.passes), ` ${step.bound / 100} % pass`, step.bucket !== null && `; bucket ${step.bucket} of 10000`],
  delegate: (step) => [1, `→ delegates to experiment ${step.experiment}`],
  mapping: (step) => [0, `→ mapped to ${step.config}`],
  override: (step) => [1, `${step.name} is overridden locally`],
  parameter: (step) => [0, `${step.name} (${step.type}) = ${step.value}`],
  answer: (step, depth) => [+(depth > 0), `= ${step.value}, ${rule(step)}`],
};

function stepItem(step) {
  // An answer stands where its spec does; what belongs to a rule one level deeper than the rule, nested specs too.
  const depth = step.depth - (step.step === 'answer');
  const [deeper, ...parts] = STEPS[step.step](step, depth);
  const holds = 'holds' in step ? step.holds : step.passes;
  const item = el('li', { class: holds === undefined ? '' : holds ? 'yes' : 'no' }, ...parts.filter(Boolean));
  item.style.setProperty('--in', depth * 2 + deeper);
  return item;
}

async function open() {
  const wanted = state().get('open');
  const place = $('detail');
  if (!wanted) {
    place.hidden = true;
    opened = null;
    return;
  }
  const user = evaluated;
  if (opened === wanted + user) return;
  const isOther = !opened?.startsWith(wanted);
  opened = wanted + user;
  const [kind, ...rest] = wanted.split('/');
  const name = rest.join('/');
  // Configs and experiments are one name space: a rule's word for one may be the other.
  const answer = answers.find((each) => key(each) === wanted)
    || answers.find((each) => each.name === name && [kind, each.kind].every((one) => one === 'config' || one === 'experiment'));
  const trace = el('ol', { id: 'trace' });
  place.replaceChildren(
    el('header', {}, el('h2', { id: 'title' }, name), el('a', { href: link({ open: '' }), 'aria-label': 'Close' }, '✕')),
    ...(answer ? [
      el('dl', {}, ...facts([
        ['kind', answer.entity || answer.kind], ['rule', answer.ruleID], ['group', answer.groupName], ['reason', answer.reason],
        ['id type', answer.idType], ['version', answer.version], ['allocated', answer.allocatedExperimentName],
      ]).flat()),
      el('h3', {}, 'Value'), el('pre', {}, pretty(answer.value)),
      el('h3', {}, 'How it came about'),
    ] : []), trace);
  place.hidden = false;
  if (isOther) place.focus();
  try {
    const { steps } = await ask(`/explain?kind=${answer?.kind || kind}&name=${encodeURIComponent(name)}`, user);
    trace.replaceChildren(...steps.map(stepItem));
    trace.dataset.of = wanted;
  } catch (error) {
    trace.replaceChildren(el('li', { class: 'no' }, error.message));
  }
}

// The users of this tab go before the examples.
function showPicks(user) {
  const recent = [...new Set([user, ...JSON.parse(sessionStorage.getItem(RECENT) || '[]')])].slice(0, 8);
  sessionStorage.setItem(RECENT, JSON.stringify(recent));
  const users = [...new Set([...recent, ...EXAMPLES])];
  $('pick').replaceChildren(...users.map((each) => el('option', { value: each }, each.replace(/\s+/g, ' ').slice(0, 60))));
}

async function evaluate(user) {
  evaluated = user;
  $('user').value = user;
  $('problem').textContent = '';
  document.body.dataset.state = 'asking';
  try {
    const all = await ask('/answers', user);
    if (evaluated !== user) return;
    before = new Map(answers.map((answer) => [key(answer), answer.value]));
    answers = all.answers.sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || a.name.localeCompare(b.name));
    showStatus(all);
    $('rows').replaceChildren(...answers.map(row));
    showPicks(user);
    document.body.dataset.state = 'answered';
  } catch (error) {
    $('problem').textContent = error.message;
    document.body.dataset.state = 'failed';
  }
}

async function follow() {
  const now = state();
  const user = now.get('user') || EXAMPLES[0];
  if ($('filter').value !== (now.get('q') || '')) $('filter').value = now.get('q') || '';
  if (user !== evaluated) await evaluate(user);
  show();
  if (document.body.dataset.state === 'answered') await open();
}

// A change that is not worth a step of the history.
function replace(changes) {
  history.replaceState(null, '', link(changes));
  follow();
}

function submit() {
  // Also where the user is the same: the specs may be others.
  evaluated = opened = null;
  const hash = link({ user: $('user').value });
  if (location.hash === hash) follow();
  else location.hash = hash;
}

$('person').onsubmit = (event) => {
  event.preventDefault();
  submit();
};
$('pick').onchange = () => {
  $('user').value = $('pick').value;
  submit();
};
$('filter').oninput = () => replace({ q: $('filter').value });
window.onhashchange = follow;
window.onkeydown = (event) => {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) submit();
  else if (event.key === '/' && !typing) {
    event.preventDefault();
    $('filter').focus();
  } else if (event.key === 'Escape' && state().get('open') && event.target.id !== 'filter') location.hash = link({ open: '' });
};
follow();
