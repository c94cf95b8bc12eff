// A form that saves itself when whoever writes rests ([data-autosave]). What is not saved yet is kept in the tab, over a sign-in too.
import { exchange, parser } from './swap.js';

const form = document.querySelector('form[data-autosave]');
// Of this person: whoever signs in here next is shown nothing of it.
const place = `draft:${form?.dataset.autosave}:${location.pathname}`;
const rest = 800;

if (form) {
  let timer = 0;
  let typed = 0;
  let saved = 0;
  let running = null;

  // Files go with the buttons alone.
  const entries = () => [...new FormData(form)].filter(([name, value]) => typeof value === 'string' && name !== '__RequestVerificationToken');
  const say = text => { form.querySelector('[data-saved]').textContent = text; };

  const keep = sent => sessionStorage.setItem(place, JSON.stringify({ sent, fields: entries() }));

  const body = () => {
    const fields = new URLSearchParams(entries());
    fields.set('__RequestVerificationToken', form.elements.__RequestVerificationToken.value);
    fields.set('do', 'save');
    return fields;
  };

  async function send() {
    const upTo = typed;
    try {
      const response = await fetch(form.action, { method: 'POST', body: body() });
      if (new URL(response.url).pathname !== location.pathname) return say(form.dataset.signedOut);
      const fresh = parser.parseFromString(await response.text(), 'text/html');
      if (!fresh.getElementById('draft')) return say(form.dataset.unsaved);
      // What was changed meanwhile is not in the answer.
      exchange(fresh, region => upTo === typed || !region.querySelector('input:not([type="hidden"]), select, textarea'));
      if (!response.ok) return say(form.dataset.unsaved);
      saved = upTo;
      if (saved === typed) sessionStorage.removeItem(place);
    } catch {
      say(form.dataset.unsaved);
    }
  }

  // One at a time: the next one carries the version that the one before made.
  const save = async () => {
    clearTimeout(timer);
    await running;
    if (saved === typed || form.dataset.sent) return;
    running = send();
    await running;
  };

  const changed = () => {
    typed++;
    keep(false);
    clearTimeout(timer);
    timer = setTimeout(save, rest);
  };

  // What the tab kept is sent once more: it is saved, or shown with what is wrong with it. The form may have to grow for it.
  const again = fields => {
    const copy = Object.assign(document.createElement('form'), { method: 'post', action: form.action });
    const token = form.elements.__RequestVerificationToken;
    for (const [name, value] of [[token.name, token.value], ['do', 'save'], ...fields]) copy.append(Object.assign(document.createElement('input'), { type: 'hidden', name, value }));
    document.body.append(copy);
    copy.submit();
  };

  const apart = list => JSON.stringify(list.filter(([name]) => name !== 'Input.Version'));
  const kept = JSON.parse(sessionStorage.getItem(place) ?? 'null');
  if (form.dataset.refused) {
    // Loaded anew it is asked for, not sent again.
    history.replaceState(history.state, '', location.href);
    typed++;
    keep(false);
  } else if (kept && !form.dataset.jump && !document.getElementById('theirs')) {
    sessionStorage.removeItem(place);
    // What a button sent is saved when there is a new version; otherwise the sign-in had ended.
    const isSaved = kept.sent && !kept.fields.some(([name, value]) => name === 'Input.Version' && value === form.elements['Input.Version'].value);
    if (!isSaved && apart(kept.fields) !== apart(entries())) again(kept.fields);
  }

  form.addEventListener('input', changed);
  form.addEventListener('submit', () => {
    clearTimeout(timer);
    if (saved !== typed) keep(true);
  });
  document.addEventListener('click', async event => {
    const link = event.target.closest('a[href]');
    if (!link || saved === typed || event.defaultPrevented || event.metaKey || event.ctrlKey || event.shiftKey) return;
    if ('discard' in link.dataset) {
      typed = saved;
      return sessionStorage.removeItem(place);
    }
    event.preventDefault();
    await save();
    location.assign(link.href);
  });
  addEventListener('pagehide', () => {
    if (saved !== typed && !running && !form.dataset.sent) fetch(form.action, { method: 'POST', body: body(), keepalive: true });
  });
}
