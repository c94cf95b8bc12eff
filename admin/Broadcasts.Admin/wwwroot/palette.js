// Ctrl-K, or the magnifying glass: a dialog that asks the page "find" and is walked with the arrow keys. Without it the glass leads to that page.
import { load } from './swap.js';

const palette = document.getElementById('palette');
const field = palette?.querySelector('input');
const found = document.getElementById('palette-found');
let turn = 0;
let resting = 0;

async function ask() {
  const mine = ++turn;
  try {
    const fresh = await load(`/find?q=${encodeURIComponent(field.value)}`);
    if (mine === turn) found.replaceChildren(...fresh.getElementById('found').childNodes);
  } catch (error) {
    if (error.moved) location.reload();
  }
}

function open() {
  if (palette.open) return;
  palette.showModal();
  field.select();
  ask();
}

if (palette) {
  document.addEventListener('keydown', event => {
    if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    open();
  });
  document.addEventListener('click', event => {
    if (event.target === palette) palette.close();
    if (!event.target.closest('a[data-palette]') || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open();
  });
  field.addEventListener('input', () => {
    clearTimeout(resting);
    resting = setTimeout(ask, 150);
  });
  palette.addEventListener('keydown', event => {
    const lines = [...found.querySelectorAll('a')];
    const at = lines.indexOf(document.activeElement);
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      const next = at + (event.key === 'ArrowDown' ? 1 : -1);
      (lines[next] ?? field).focus();
    } else if (event.key === 'Enter' && document.activeElement === field && lines.length > 0) {
      event.preventDefault();
      location.assign(lines[0].href);
    }
  });
}
