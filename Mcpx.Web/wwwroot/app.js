// What the pages need of the browser beyond Blazor: theme, copying, dialogs, relative times, keyboard in tables.
// Everything is delegated from the document, so it also works on pages without a circuit, and on content that comes later.
const root = document.documentElement;
const system = matchMedia('(prefers-color-scheme: dark)');

function storedTheme() {
  return /(?:^|;\s*)mcpx-theme=(light|dark)(?:;|$)/.exec(document.cookie)?.[1] ?? 'system';
}

const isDark = () => (root.dataset.theme ?? (system.matches ? 'dark' : 'light')) === 'dark';

function applyTheme() {
  // Only a chosen theme is an attribute, as the server renders it; following the system is left to CSS (light-dark()).
  const chosen = storedTheme();
  if (chosen === 'system') delete root.dataset.theme;
  else root.dataset.theme = chosen;
  for (const option of document.querySelectorAll('[data-theme-choice]')) {
    option.setAttribute('aria-pressed', String(option.dataset.themeChoice === chosen));
  }
}

function chooseTheme(theme) {
  const secure = location.protocol === 'https:' ? '; secure' : '';
  document.cookie = theme === 'system'
    ? `mcpx-theme=; path=/; max-age=0; samesite=lax${secure}`
    : `mcpx-theme=${theme}; path=/; max-age=31536000; samesite=lax${secure}`;
  applyTheme();
}

applyTheme();

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  if (!source) return;
  const label = button.querySelector('[data-copy-label]') ?? button;
  const before = button.dataset.copyText ??= label.textContent;
  let said = 'Copied';
  try {
    await navigator.clipboard.writeText(source.textContent);
  } catch {
    // No clipboard outside secure contexts (http on another host): select the text, so that Ctrl-C takes it.
    getSelection().selectAllChildren(source);
    said = 'Press Ctrl-C';
  }
  label.textContent = said;
  clearTimeout(button.copyTimer);
  button.copyTimer = setTimeout(() => { label.textContent = before; }, 1600);
}

document.addEventListener('click', event => {
  const target = event.target.closest?.('[data-copy],[data-theme-choice],[data-theme-toggle],[data-reload],[data-reconnect],#rail a');
  if (!target) return;
  if (target.dataset.copy) void copy(target);
  else if (target.dataset.themeChoice) chooseTheme(target.dataset.themeChoice);
  else if (target.dataset.themeToggle !== undefined) chooseTheme(isDark() ? 'light' : 'dark');
  else if (target.dataset.reload !== undefined) location.reload();
  else if (target.dataset.reconnect !== undefined) void reconnect();
  else for (const open of document.querySelectorAll('#rail:popover-open, #rail [popover]:popover-open')) open.hidePopover();
});

async function reconnect() {
  // false: the server answered but no longer knows this circuit, so only a fresh page helps.
  if (await window.Blazor?.reconnect().catch(() => true) === false) location.reload();
}

// Arrow keys walk the rows of a table, from row link to row link.
document.addEventListener('keydown', event => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const link = step && event.target.closest?.('a[data-row]');
  if (!link) return;
  const links = [...link.closest('table').querySelectorAll('a[data-row]')];
  links[links.indexOf(link) + step]?.focus();
  event.preventDefault();
});

// And from entry to entry of a menu, from its button into it.
document.addEventListener('keydown', event => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const menu = step && (event.target.closest?.('[data-menu]') ?? document.querySelector(`[data-menu]:popover-open#${event.target.getAttribute?.('popovertarget') ?? 'none'}`));
  if (!menu) return;
  const entries = [...menu.querySelectorAll('a, button')];
  const here = entries.indexOf(document.activeElement);
  entries[here < 0 ? (step > 0 ? 0 : entries.length - 1) : here + step]?.focus();
  event.preventDefault();
});

export function openDialog(dialog) {
  if (!dialog.open) dialog.showModal();
  // Hidden inputs (a form's handler, its antiforgery token) come first in the document and take no focus.
  dialog.querySelector('[autofocus], input:not([type=hidden]), select, textarea')?.focus();
}

export function closeDialog(dialog) {
  if (dialog.open) dialog.close();
}

const units = [['year', 31536000], ['month', 2592000], ['day', 86400], ['hour', 3600], ['minute', 60]];
const relative = new Intl.RelativeTimeFormat('en', { style: 'short', numeric: 'always' });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' });

function describe(instant) {
  const seconds = (instant - Date.now()) / 1000;
  if (Math.abs(seconds) < 5) return 'just now';
  const [unit, size] = units.find(([, size]) => Math.abs(seconds) >= size) ?? ['second', 1];
  return relative.format(Math.trunc(seconds / size), unit);
}

// The server's text stands in the light tree until this element takes over in the shadow tree: neither writes over the other.
class RelativeTime extends HTMLElement {
  static observedAttributes = ['datetime'];
  static all = new Set();
  #text = this.attachShadow({ mode: 'open' }).appendChild(document.createElement('span'));
  connectedCallback() { RelativeTime.all.add(this); this.refresh(); }
  disconnectedCallback() { RelativeTime.all.delete(this); }
  attributeChangedCallback() { this.refresh(); }
  refresh() {
    const instant = new Date(this.getAttribute('datetime'));
    if (Number.isNaN(instant.getTime())) return;
    const text = describe(instant);
    if (this.#text.textContent !== text) this.#text.textContent = text;
    this.title = exact.format(instant);
  }
}
customElements.define('relative-time', RelativeTime);

const moments = [new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' }), new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })];
const zone = new Intl.DateTimeFormat(undefined, { timeZoneName: 'short' });

const utc = instant => instant.toISOString().slice(0, 19).replace('T', ' ').replace(/:00$/, '');

// A stretch of time in the viewer's zone, as charts have it, and in UTC as the title. The server's text stays in the light tree.
class LocalSpan extends HTMLElement {
  static observedAttributes = ['from', 'until', 'seconds'];
  #text = this.attachShadow({ mode: 'open' }).appendChild(document.createElement('span'));
  connectedCallback() { this.refresh(); }
  attributeChangedCallback() { this.refresh(); }
  refresh() {
    const [from, until] = ['from', 'until'].map(name => new Date(this.getAttribute(name)));
    if (Number.isNaN(from.getTime()) || Number.isNaN(until.getTime())) return;
    const moment = moments[this.hasAttribute('seconds') ? 1 : 0];
    const name = zone.formatToParts(until).find(part => part.type === 'timeZoneName')?.value ?? '';
    this.#text.textContent = `${moment.formatRange(from, until)} ${name}`;
    this.title = `${utc(from)} to ${utc(until)} UTC`;
  }
}
customElements.define('local-span', LocalSpan);
setInterval(() => {
  if (!document.hidden) for (const element of RelativeTime.all) element.refresh();
}, 5000);
