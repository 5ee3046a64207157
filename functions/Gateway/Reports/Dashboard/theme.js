// Runs before the page is painted, so that a chosen theme does not flash up as the other.
(() => {
  let theme = null;
  try {
    theme = localStorage.getItem('serverless.theme');
  } catch {
    // Storage is switched off: the system's theme it is.
  }

  if (theme === 'light' || theme === 'dark') {
    document.documentElement.dataset.theme = theme;
  }
})();
