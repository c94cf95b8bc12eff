// A scheduled broadcast is dropped on another day: the drawer opens and asks. Page up and down turn the pages.
import { go } from './swap.js';

let dragged = null;

const dayOf = event => event.target.closest?.('[data-day]');
const clear = () => { for (const day of document.querySelectorAll('.day.drop')) day.classList.remove('drop'); };
const say = text => {
  const said = document.getElementById('calendar-said');
  if (said && said.textContent !== text) said.textContent = text;
};

document.addEventListener('dragstart', event => {
  dragged = event.target.closest?.('a[data-move]') ?? null;
  if (dragged) event.dataTransfer.effectAllowed = 'move';
});

document.addEventListener('dragover', event => {
  const day = dragged && dayOf(event);
  if (!day) return;
  clear();
  if (day.dataset.day === '') {
    say(document.getElementById('month').dataset.past);
    return;
  }
  event.preventDefault();
  day.classList.add('drop');
});

document.addEventListener('drop', event => {
  const day = dragged && dayOf(event);
  if (!day?.dataset.day) return;
  event.preventDefault();
  go(`${dragged.dataset.move}&move=${day.dataset.day}`);
});

document.addEventListener('dragend', () => {
  dragged = null;
  clear();
});

document.addEventListener('keydown', event => {
  if (event.altKey || event.ctrlKey || event.metaKey || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) || event.target.closest('.drawer')) return;
  const link = document.querySelector(`a[data-key="${CSS.escape(event.key)}"]`);
  if (!link) return;
  event.preventDefault();
  go(link.href);
});
