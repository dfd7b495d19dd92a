// What the browser keeps for this page; it may refuse to.

export function recall(key) {
  try {
    return localStorage.getItem(`parley.${key}`) ?? '';
  } catch {
    return '';
  }
}

export function remember(key, value) {
  try {
    localStorage.setItem(`parley.${key}`, value);
  } catch {
    // Then it lasts as long as the page.
  }
}
