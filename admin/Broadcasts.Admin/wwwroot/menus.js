// A disclosure becomes a menu: it closes on a click elsewhere and on Escape, and never two are open.

const open = () => document.querySelectorAll('details.menu[open]');

document.addEventListener('click', event => {
  for (const menu of open()) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener('keydown', event => {
  const menu = event.target.closest?.('details.menu[open]');
  if (event.key === 'Escape') {
    for (const other of open()) {
      other.open = false;
      other.querySelector('summary').focus();
    }
  } else if (menu && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
    const items = [...menu.querySelectorAll('a.menu-item, button.menu-item')];
    if (items.length === 0) return;
    event.preventDefault();
    const at = items.indexOf(document.activeElement);
    items[(at + (event.key === 'ArrowDown' ? 1 : -1) + items.length) % items.length].focus();
  }
});

document.addEventListener('toggle', event => {
  const menu = event.target;
  if (!menu.matches?.('details.menu') || !menu.open) return;
  for (const other of open()) {
    if (other !== menu) other.open = false;
  }
  // Near the lower edge the list opens upwards.
  const list = menu.querySelector('.menu-list');
  list.classList.toggle('upwards', menu.getBoundingClientRect().bottom + list.offsetHeight > innerHeight - 8);
}, true);
