// Parts of a page ([data-region] with an id) are exchanged for those of a freshly loaded page: scroll, focus and selection stay.

export const parser = new DOMParser();
let timer = 0;

const busy = region =>
  region.querySelector('details.menu[open]') !== null ||
  (region.contains(document.activeElement) && document.activeElement.matches('input:not([data-pick], [data-all]), textarea, select'));

export async function load(url, signal) {
  const response = await fetch(url, { headers: { 'X-Requested-With': 'fetch' }, redirect: 'follow', signal });
  // A sign-in that ended answers with another page: go there instead of pasting it in.
  if (response.redirected || !response.ok) throw Object.assign(new Error('moved'), { moved: response.redirected });
  return parser.parseFromString(await response.text(), 'text/html');
}

export function exchange(fresh, only) {
  for (const region of document.querySelectorAll('[data-region][id]')) {
    if (only && !only(region)) continue;
    if (!region.isConnected) continue;
    const next = fresh.getElementById(region.id);
    if (!next || next.dataset.keep || next.outerHTML === region.outerHTML) continue;
    if (next.dataset.ask) {
      if (next.dataset.ask !== region.dataset.asked) fill(region, next.dataset.ask);
      continue;
    }
    asks[region.id]?.abort();
    const focused = region.contains(document.activeElement) ? keyOf(document.activeElement) : null;
    const scrolled = region.querySelector('.drawer')?.scrollTop;
    const aside = region.querySelector('.table-wrap')?.scrollLeft;
    for (const box of region.querySelectorAll('[data-pick]:checked')) {
      const again = next.querySelector(`#${CSS.escape(box.id)}`);
      if (again) again.checked = true;
    }
    region.replaceWith(next);
    if (focused) (next.querySelector(focused) ?? next.querySelector('[tabindex="-1"]'))?.focus({ preventScroll: true });
    if (scrolled) next.querySelector('.drawer')?.scrollTo(0, scrolled);
    if (aside) next.querySelector('.table-wrap')?.scrollTo(aside, 0);
  }
  document.dispatchEvent(new Event('swapped'));
}

// What takes long is asked for apart ([data-ask] = where), and what is shown stays until it is there.
const asks = {};

async function fill(region, url) {
  asks[region.id]?.abort();
  const { signal } = asks[region.id] = new AbortController();
  region.dataset.asked = url;
  region.ariaBusy = 'true';
  try {
    const fresh = await load(url, signal);
    delete asks[region.id];
    exchange(fresh, r => r.id === region.id || r.dataset.of === region.id);
    const voice = document.getElementById(`${region.id}-said`);
    if (voice) voice.textContent = document.getElementById(region.id).querySelector('[data-said]')?.textContent;
  } catch {
    if (signal.aborted) return;
    region.ariaBusy = null;
    delete region.dataset.asked;
    region.querySelector('[data-no-script]')?.removeAttribute('data-no-script');
  }
}
for (const region of document.querySelectorAll('[data-ask]:not([data-ask=""])')) fill(region, region.dataset.ask);

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
const stateOf = page => page.querySelector('[data-state]')?.dataset.state;

async function refresh() {
  if (document.hidden) {
    schedule();
    return;
  }

  try {
    const fresh = await load(location.href);
    // Begun, paused, over: another state has other tabs and acts.
    if (stateOf(fresh) !== stateOf(document)) {
      location.reload();
      return;
    }
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
async function ask(form, act, ids, url = form.action) {
  const turn = ++asked;
  clearTimeout(resting);
  const body = new URLSearchParams([...new FormData(form)].filter(([, value]) => typeof value === 'string'));
  body.set('do', act);
  const response = await fetch(url, { method: 'POST', body, redirect: 'error' });
  const fresh = parser.parseFromString(await response.text(), 'text/html');
  if (turn === asked) exchange(fresh, region => ids.includes(region.id));
}
// The button asks too, and says what is wrong.
const preview = form => {
  const look = [...form.elements].find(e => e.matches('[data-look]'));
  return ask(form, look.value, [form.dataset.preview], look.getAttribute('formaction') ?? form.action).catch(() => {});
};

// What changes a form's own shape (data-shape) is asked in place, and the cursor goes where the change was made.
async function shape(control, act) {
  const form = control.form;
  const region = control.closest('[data-region]').id;
  try {
    await ask(form, act, [region, form.dataset.preview]);
    document.querySelector(`#${region} [autofocus]`)?.focus();
  } catch {
    if (control.type === 'submit') form.requestSubmit(control);
  }
}
document.addEventListener('click', event => {
  const button = event.target.closest('button[data-shape]');
  if (!button) return;
  event.preventDefault();
  shape(button, button.value);
});
document.addEventListener('change', event => {
  if (event.target.matches('select[data-shape]')) shape(event.target, event.target.dataset.shape);
  const many = event.target.closest('.pick-many');
  const told = many?.querySelector('[data-picks]');
  if (told) told.textContent = [...many.querySelectorAll('input:checked')].map(box => box.parentElement.textContent.trim()).join(', ') || told.dataset.picks;
});
document.addEventListener('input', event => {
  const form = event.target.form;
  if (!form?.dataset.preview) return;
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
