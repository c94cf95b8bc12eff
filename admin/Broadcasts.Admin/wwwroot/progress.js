// A broadcast's page follows the service's events; without them the swapped regions still refresh now and then.
import { stale } from './swap.js';

const host = document.querySelector('[data-events]:not([data-events=""])');

if (host) {
  const numbers = new Intl.NumberFormat(document.documentElement.lang, { useGrouping: 'always' });
  const percentOf = digits => new Intl.NumberFormat(document.documentElement.lang, { style: 'percent', minimumFractionDigits: digits, maximumFractionDigits: digits });
  const [whole, fine] = [percentOf(0), percentOf(1)];
  const percent = { format: share => (share === 0 || share >= 0.1 ? whole : fine).format(share) };
  const order = ['read', 'delivered', 'sent', 'sending', 'unknown', 'failed', 'skipped'];
  const over = ['completed', 'cancelled', 'failed'];
  let status = host.dataset.status;
  let told = 0;

  const draw = progress => {
    const total = Math.max(1, progress.messages);
    for (const cell of document.querySelectorAll('[data-count]')) {
      const value = progress[cell.dataset.count] ?? progress.funnel?.[cell.dataset.count];
      if (value === undefined) continue;
      cell.textContent = numbers.format(value);
      const share = cell.parentElement.querySelector('.legend-share');
      if (share && cell.dataset.count in progress) share.textContent = percent.format(value / total);
    }

    const bar = document.querySelector('#live svg.bar.thick');
    if (bar) {
      let x = 0;
      bar.replaceChildren(...order.filter(name => progress[name] > 0).map(name => {
        const rect = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
        const width = Math.max(3, 1000 * progress[name] / total);
        for (const [key, value] of Object.entries({ class: `f-${name}`, x, width, height: 10 })) rect.setAttribute(key, value);
        x += width;
        return rect;
      }));
    }

    const done = (progress.messages - progress.pending - progress.sending) / total;
    for (const cell of document.querySelectorAll('[data-done]')) cell.textContent = percent.format(done);
    // A reader of the screen hears every tenth second, not every event.
    const now = performance.now();
    const voice = document.getElementById('voice');
    if (voice && now - told > 10000) {
      told = now;
      voice.textContent = voice.dataset.text.replace('{0}', percent.format(done));
    }
  };

  const source = new EventSource(host.dataset.events);
  source.addEventListener('progress', event => {
    const progress = JSON.parse(event.data);
    stale(false);
    draw(progress);
    // When it is over the service ends the stream; without this the browser would ask for it again and again.
    if (over.includes(progress.status)) source.close();
    if (progress.status !== status) {
      status = progress.status;
      location.reload();
    }
  });
  source.addEventListener('error', () => stale(source.readyState !== EventSource.OPEN));
  addEventListener('pagehide', () => source.close());
}
