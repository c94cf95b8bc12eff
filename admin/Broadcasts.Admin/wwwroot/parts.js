// Parts are dragged by their grip to another place, as the buttons move them. Where one went is said aloud.

const told = document.querySelector('[data-say]');
// What is there from the beginning is not read out: it comes when the page is.
if (told?.dataset.say) setTimeout(() => { told.textContent = told.dataset.say; }, 200);

document.addEventListener('pointerdown', event => {
  const grip = event.target.closest('[data-grip]');
  const part = grip?.closest('.part');
  if (!part || event.button !== 0 || part.matches(':disabled')) return;
  event.preventDefault();
  grip.setPointerCapture(event.pointerId);
  const parts = [...part.parentElement.querySelectorAll(':scope > .part')];
  const from = parts.indexOf(part);
  let to = from;
  part.classList.add('dragged');

  const move = ({ clientY }) => {
    if (clientY < 80) scrollBy(0, -16);
    if (clientY > innerHeight - 80) scrollBy(0, 16);
    const at = parts.findIndex(other => clientY < other.getBoundingClientRect().bottom);
    to = at < 0 ? parts.length - 1 : at;
    mark(to);
  };
  const mark = place => parts.forEach((other, i) => {
    other.classList.toggle('drop-before', i === place && i < from);
    other.classList.toggle('drop-after', i === place && i > from);
  });
  const end = ({ type }) => {
    for (const [name, act] of acts) grip.removeEventListener(name, act);
    mark(-1);
    part.classList.remove('dragged');
    if (type !== 'pointerup' || to === from) return;
    const button = Object.assign(document.createElement('button'), { name: 'do', value: `move:${from}.${to}`, formNoValidate: true, hidden: true });
    part.append(button);
    button.click();
  };
  const acts = Object.entries({ pointermove: move, pointerup: end, pointercancel: end });
  for (const [name, act] of acts) grip.addEventListener(name, act);
});
