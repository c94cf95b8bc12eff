// Filters submit themselves, a button works once, letters are counted, variables are put where the cursor is.

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
for (const field of document.querySelectorAll('[data-time-zone]')) {
  if (field.tagName !== 'SELECT') field.value = zone;
  else if ([...field.options].some(o => o.value === zone)) field.value = zone;
}

let typing = 0;
document.addEventListener('change', event => {
  const form = event.target.closest('form[data-auto-submit]');
  if (form && event.target.matches('select, input[type="month"]') && form.checkValidity()) form.requestSubmit();
});
document.addEventListener('input', event => {
  const form = event.target.closest('form[data-auto-submit]');
  if (form && event.target.type === 'search') {
    clearTimeout(typing);
    typing = setTimeout(() => form.requestSubmit(), 450);
  }
  if (event.target.matches('[data-counted]')) count(event.target);
});

// One box ticks all that the page shows.
document.addEventListener('change', event => {
  const all = event.target.dataset.all;
  if (all) for (const box of event.target.form.elements) if (box.type === 'checkbox' && box.name === all) box.checked = event.target.checked;
  if (all || event.target.matches('[data-pick]')) picked();
});

// Ticked rows are counted where their form says so; the box on top follows them.
function picked() {
  const note = document.getElementById('picked');
  if (!note) return;
  const boxes = [...document.querySelectorAll('[data-pick]')];
  const count = boxes.filter(box => box.checked).length;
  note.textContent = count ? note.dataset[count === 1 ? 'one' : 'other'].replace('{0}', count) : '';
  const all = document.querySelector('[data-all]');
  if (!all) return;
  all.checked = count > 0 && count === boxes.length;
  all.indeterminate = count > 0 && !all.checked;
}
document.addEventListener('swapped', picked);
addEventListener('pageshow', picked);

// A second click sends nothing: the first one's page is on its way.
document.addEventListener('submit', event => {
  const form = event.target;
  if (form.method !== 'post') {
    for (const field of form.elements) if (field.name && field.value === '' && field.type !== 'submit') field.disabled = true;
    return;
  }
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = 'yes';
  setTimeout(() => { for (const button of form.querySelectorAll('button')) button.disabled = true; }, 0);
  dirty = false;
});
addEventListener('pageshow', event => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll('form[data-sent]')) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll('button')) button.disabled = false;
  }
});

// SMS: 160 septets of the default alphabet (153 in each part of a split one), 70 and 67 units as soon as one character is outside it.
const basic = '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà';
const extension = '\f^{}\\[~]|€';

function segments(text) {
  let units = 0;
  for (const letter of text) {
    if (basic.includes(letter)) units += 1;
    else if (extension.includes(letter)) units += 2;
    else return text.length <= 70 ? 1 : Math.ceil(text.length / 67);
  }
  return units <= 160 ? 1 : Math.ceil(units / 153);
}

function count(area) {
  const target = document.getElementById(area.dataset.counted);
  if (!target) return;
  const numbers = new Intl.NumberFormat(document.documentElement.lang);
  let text = target.dataset.text.replace('{0}', numbers.format([...area.value].length));
  if (target.dataset.segments && area.value) text += ' · ' + target.dataset.segments.replace('{0}', numbers.format(segments(area.value)));
  target.textContent = text;
}
document.querySelectorAll('[data-counted]').forEach(count);

let last = null;
document.addEventListener('focusin', event => {
  if (event.target.matches('[data-template]')) last = event.target;
});
document.addEventListener('click', event => {
  const button = event.target.closest('[data-insert]');
  if (!button) return;
  const part = button.closest('.part');
  const field = last && part?.contains(last) ? last : part?.querySelector('[data-template]');
  if (!field) return;
  field.setRangeText(button.dataset.insert, field.selectionStart, field.selectionEnd, 'end');
  field.focus();
  field.dispatchEvent(new Event('input', { bubbles: true }));
});

// Leaving with unsaved words asks first.
let dirty = false;
document.addEventListener('input', event => {
  if (event.target.closest('form[data-guard]')) dirty = true;
});
addEventListener('beforeunload', event => {
  if (dirty) event.preventDefault();
});

// A form that was posted to change its own shape comes back where the change was made.
const jump = document.querySelector('[data-jump]')?.dataset.jump;
if (jump) {
  dirty = document.querySelector('form[data-guard]') !== null;
  const target = document.getElementById(jump);
  target?.scrollIntoView({ block: 'center' });
  (target?.querySelector('textarea, input:not([type="hidden"]), select') ?? target)?.focus({ preventScroll: true });
}
