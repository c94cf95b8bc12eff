// Parts of a page ([data-region] with an id) are exchanged for those of a freshly loaded page: scroll, focus and selection stay.

export const parser = new DOMParser();
let timer = 0;

const busy = region =>
  region.querySelector('details.menu[open]') !== null ||
  (region.contains(document.activeElement) && /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName));

export async function load(url) {
  const response = await fetch(url, { headers: { 'X-Requested-With': 'fetch' }, redirect: 'follow' });
  // A sign-in that ended answers with another page: go there instead of pasting it in.
  if (response.redirected || !response.ok) throw Object.assign(new Error('moved'), { moved: response.redirected });
  return parser.parseFromString(await response.text(), 'text/html');
}

export function exchange(fresh, only) {
  for (const region of document.querySelectorAll('[data-region][id]')) {
    if (only && !only(region)) continue;
    if (!region.isConnected) continue;
    const next = fresh.getElementById(region.id);
    if (!next || next.outerHTML === region.outerHTML) continue;
    const focused = region.contains(document.activeElement) ? keyOf(document.activeElement) : null;
    const scrolled = region.querySelector('.drawer')?.scrollTop;
    region.replaceWith(next);
    if (focused) next.querySelector(focused)?.focus({ preventScroll: true });
    if (scrolled) next.querySelector('.drawer')?.scrollTo(0, scrolled);
  }
}

function keyOf(element) {
  if (element.id) return `#${CSS.escape(element.id)}`;
  const href = element.getAttribute('href');
  return href ? `a[href="${CSS.escape(href)}"]` : null;
}

export async function go(url, { push = true } = {}) {
  const opening = document.querySelector('.drawer') === null;
  try {
    const fresh = await load(url);
    if (push) history.pushState({ swapped: true }, '', url);
    document.documentElement.classList.toggle('updated', !opening);
    document.title = fresh.title;
    exchange(fresh);
    const drawer = document.getElementById('drawer-panel');
    if (drawer) drawer.focus({ preventScroll: true });
    schedule();
  } catch {
    location.assign(url);
  }
}

// What changes by itself says how often to look ([data-live] = seconds).
function schedule() {
  clearTimeout(timer);
  const live = [...document.querySelectorAll('[data-live]')].filter(e => e.dataset.live);
  if (live.length === 0) return;
  timer = setTimeout(refresh, Math.max(1, Math.min(...live.map(e => Number(e.dataset.live)))) * 1000);
}

let seen = new Date();

async function refresh() {
  if (document.hidden) {
    schedule();
    return;
  }

  try {
    const fresh = await load(location.href);
    document.documentElement.classList.add('updated');
    exchange(fresh, region => (region.dataset.live || region.id === 'side') && !busy(region) && !region.querySelector('[data-live]'));
    seen = new Date();
    stale(false);
  } catch (error) {
    if (error.moved) {
      location.reload();
      return;
    }
    stale(true);
  }
  schedule();
}

export function stale(on) {
  const note = document.getElementById('stale');
  if (!note) return;
  note.hidden = !on;
  if (on) {
    note.querySelector('span').textContent = note.dataset.text.replace('{0}', seen.toLocaleTimeString(document.documentElement.lang, { timeStyle: 'short' }));
  } else {
    seen = new Date();
  }
}

// A form that shows what it would do (data-preview names the region): asked again when whoever writes rests.
let asked = 0;
let resting = 0;
async function preview(form) {
  const turn = ++asked;
  const body = new URLSearchParams([...new FormData(form)].filter(([, value]) => typeof value === 'string'));
  body.set('do', form.querySelector('[data-look]').value);
  try {
    const response = await fetch(form.action, { method: 'POST', body, redirect: 'error' });
    const fresh = parser.parseFromString(await response.text(), 'text/html');
    if (turn === asked) exchange(fresh, region => region.id === form.dataset.preview);
  } catch {
    // The button asks too, and says what is wrong.
  }
}
document.addEventListener('input', event => {
  const form = event.target.closest('form[data-preview]');
  if (!form) return;
  clearTimeout(resting);
  resting = setTimeout(() => preview(form), 400);
});

document.addEventListener('click', event => {
  const link = event.target.closest('a[data-swap]');
  if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  go(link.href);
});

document.addEventListener('keydown', event => {
  if (event.key !== 'Escape' || document.querySelector('details.menu[open]')) return;
  const close = document.querySelector('.drawer [data-close]');
  if (!close) return;
  event.preventDefault();
  const row = new URL(location.href).searchParams.get('open');
  go(close.href).then(() => document.querySelector(`#b${CSS.escape(row ?? '')} [data-swap]`)?.focus());
});

addEventListener('popstate', event => {
  if (event.state?.swapped || document.querySelector('.drawer')) go(location.href, { push: false });
});
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) schedule();
});
schedule();
