// Progressive enhancement only: every page reads and works without it.
import './swap.js';
import './menus.js';
import './forms.js';
import './parts.js';
import './progress.js';
import './calendar.js';
import './palette.js';
import './autosave.js';

document.documentElement.dataset.script = 'on';
